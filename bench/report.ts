/** Prints benchmark figures as a table, keeps the list of missed targets, shows progress. */
export interface Line {
  what: string;
  figure: string;
  target?: string;
  met?: boolean;
}

export function printLines(title: string, lines: readonly Line[]): void {
  const width = Math.max(...lines.map(({ what }) => what.length));
  const figures = Math.max(...lines.map(({ figure }) => Math.min(figure.length, 24)));
  console.log(`\n${title}`);
  for (const { what, figure, target, met } of lines) {
    const verdict = target === undefined ? '' : `   target ${target}: ${met ? 'met' : 'MISSED'}`;
    console.log(`  ${what.padEnd(width)}  ${figure.padStart(figures)}${verdict}`);
  }
}

export const missed = (lines: readonly Line[]) => lines.filter(({ met }) => met === false).length;

export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(100)}`);
}

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${' '.repeat(100)}\r`);
}

export const seconds = (milliseconds: number) => `${(milliseconds / 1_000).toFixed(1)} s`;
