/** A table for people: columns by their width, no lines; on a terminal the last column is cut to what is left. Pure. */
import Table from 'cli-table3';

const nothing = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** What a row of somebody else's text may not do: break the line, or speak to the terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
const oneLine = (text: string) => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim();

/** `width`: of the terminal; undefined where nothing is to be cut. */
export function table(head: string[], rows: string[][], width?: number): string {
  const cells = [head, ...rows].map((row) => row.map(oneLine));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, own) => sum + own + 2, 0);
  const last = width === undefined ? undefined : Math.max(20, width - before - 1);
  const cut = (row: string[]) => row.map((cell, column) => (last !== undefined && column === row.length - 1 ? cutTo(cell, last) : cell));
  const made = new Table({ chars: nothing, style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true } });
  made.push(...cells.map(cut));
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

const cutTo = (text: string, width: number) => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
