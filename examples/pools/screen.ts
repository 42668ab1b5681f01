/** Draws over what was drawn before, or writes lines where that cannot be. */
type Stream = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns' | 'rows'>;

const lineEverySeconds = 2;
const [hideCursor, showCursor] = ['\x1b[?25l', '\x1b[?25h'];
/** The terminal shows what is between them at once (a terminal that does not know them ignores them). */
const [begin, end] = ['\x1b[?2026h', '\x1b[?2026l'];

export class Screen {
  private readonly stream: Stream;
  private readonly redraws: boolean;
  private drawn = 0;
  private lineAtSeconds = 0;

  constructor(stream: Stream, plain: boolean) {
    this.stream = stream;
    this.redraws = stream.isTTY === true && !plain;
  }

  show(seconds: number, picture: () => string[], line: () => string): void {
    if (this.redraws) this.redraw(picture());
    else if (seconds >= this.lineAtSeconds) {
      this.stream.write(`${line()}\n`);
      this.lineAtSeconds = seconds + lineEverySeconds;
    }
  }

  /** The last picture stays. */
  leave(): void {
    if (this.drawn > 0) this.stream.write(`${showCursor}\n`);
    this.drawn = 0;
  }

  /** Line by line and never cleared before, so that nothing flickers; what is higher than the screen is cut, or it would scroll. */
  private redraw(lines: string[]): void {
    const { columns = 80, rows = 24 } = this.stream;
    const fitting = lines.slice(0, rows - 1).map((text) => `${text.slice(0, columns - 1)}\x1b[K\n`);
    const up = this.drawn > 0 ? `\x1b[${this.drawn}A\r` : hideCursor;
    this.stream.write(`${begin}${up}${fitting.join('')}\x1b[J${end}`);
    this.drawn = fitting.length;
  }
}
