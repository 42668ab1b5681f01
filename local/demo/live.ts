/** Shows the demo while it runs: a table that is redrawn on a terminal, a line every five seconds elsewhere. */
import { setTimeout as sleep } from 'node:timers/promises';
import { liveSentence, liveTable, type SystemFigures } from './table.ts';

const redrawMs = 250;
const lineMs = 5_000;

export interface Watch {
  figures: () => SystemFigures[];
  /** Asked after every look; true ends it. */
  isOver: (elapsedSeconds: number) => boolean;
  signal: AbortSignal;
}

export async function showUntilOver(stream: NodeJS.WriteStream, watch: Watch): Promise<void> {
  const startedAt = performance.now();
  let drawn = 0;
  let lineAt = lineMs;
  for (;;) {
    const elapsed = performance.now() - startedAt;
    const over = watch.isOver(elapsed / 1_000);
    if (stream.isTTY) {
      drawn = redraw(stream, liveTable(watch.figures(), elapsed / 1_000), drawn);
    } else if (elapsed >= lineAt) {
      stream.write(`${liveSentence(watch.figures(), elapsed / 1_000)}\n`);
      lineAt += lineMs;
    }
    if (over) break;
    await sleep(redrawMs, undefined, { signal: watch.signal });
  }
  redraw(stream, [], drawn);
}

/** Draws over what was drawn before; returns the number of lines now there. */
function redraw(stream: NodeJS.WriteStream, lines: string[], drawn: number): number {
  if (!stream.isTTY) return 0;
  const width = (stream.columns || 80) - 1;
  const up = drawn > 0 ? `\x1b[${drawn}A` : '';
  stream.write(`${up}\x1b[J${lines.map((line) => `${line.slice(0, width)}\n`).join('')}`);
  return lines.length;
}
