/**
 * Bytes as they come → whole lines, each with the bytes that hold it, its end included. Keeps one line at most, and of one
 * that is longer than `longest` nothing but its length.
 */
export interface RawLine {
  /** Without its end; undefined where it is too long to be kept. */
  text: Buffer | undefined;
  fromByte: number;
  toByte: number;
}

const newline = 0x0a;

export function lineSplitter(fromByte: number, longest: number) {
  let kept: Buffer[] = [];
  let keptBytes = 0;
  let start = fromByte;
  let end = fromByte;

  function keep(part: Buffer): void {
    keptBytes += part.byteLength;
    if (keptBytes > longest) kept = [];
    else if (part.byteLength > 0) kept.push(part);
  }

  function take(): RawLine {
    const [first = Buffer.alloc(0)] = kept;
    const text = keptBytes > longest ? undefined : kept.length > 1 ? Buffer.concat(kept) : first;
    const line = { text, fromByte: start, toByte: end };
    kept = [];
    keptBytes = 0;
    start = end;
    return line;
  }

  return {
    /** The lines that end in `chunk`. */
    *push(chunk: Buffer): Generator<RawLine> {
      for (let from = 0; from < chunk.byteLength; ) {
        const at = chunk.indexOf(newline, from);
        const to = at < 0 ? chunk.byteLength : at;
        keep(chunk.subarray(from, to));
        end += (at < 0 ? to : to + 1) - from;
        from = to + 1;
        if (at >= 0) yield take();
      }
    },
    /** What is left behind the last line's end: a line without one. */
    rest: (): RawLine | undefined => (end > start ? take() : undefined),
    /** The byte behind the last whole line. */
    get byte(): number {
      return start;
    },
  };
}
