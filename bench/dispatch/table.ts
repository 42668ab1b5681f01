/** The seed's table, with what bounds each figure; and what the figures are held to. */
import { type Line, seconds } from '../report.ts';
import type { Compared, Ours } from './compare.ts';

const times = (factor: number) => `${factor < 10 ? factor.toFixed(1) : factor.toFixed(0)} ×`;
const mb = (bytes: number | undefined) => (bytes === undefined ? '' : `${(bytes / 1_048_576).toFixed(1)} MB`);
const time = (ms: number) => (ms < 10_000 ? `${(ms / 1_000).toFixed(2)} s` : seconds(ms));

const columns = ['tasks', 'one by one', 'memory', 'to a function', 'faster', 'memory', '× SDK', 'by queue', 'faster', 'memory', '× SDK'];

export function printTable(title: string, rows: readonly Compared[]): void {
  const cells = rows.map(({ tasks, sequential, toFunction, toQueue }) => [
    tasks.toLocaleString('en'),
    `${time(sequential.ms)}${sequential.scaledFrom ? '*' : ''}`,
    mb(sequential.bytes),
    ...(toFunction ? oursCells(sequential.ms, toFunction) : ['', '', '', '']),
    ...oursCells(sequential.ms, toQueue),
  ]);
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]) => `  ${row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')}`;
  console.log(`\n${title}`);
  for (const row of [columns, ...cells]) console.log(line(row));
  const scaled = rows.find(({ sequential }) => sequential.scaledFrom);
  if (scaled) console.log(`  * not measured: ${scaled.sequential.scaledFrom} tasks' time, scaled`);
}

const oursCells = (sequentialMs: number, { ms, bytes, ofBare }: Ours) => [time(ms), times(sequentialMs / ms), mb(bytes), ofBare.toFixed(2)];

/** With the delay: 20 in flight cannot be more than 20 times as fast, nor 10 tasks more than 10 times. */
const leastToFunction: Record<number, number> = { 10: 5, 50: 10, 200: 17, 500: 17 };
const leastByQueue: Record<number, number> = { 200: 100, 500: 100 };
const mostOfBare = 1.2;

export const verdicts = (rows: readonly Compared[]): Line[] => rows.flatMap((row) => [...speedUps(row), ...againstSdk(row)]);

function speedUps({ tasks, delayMs, sequential, toFunction, toQueue }: Compared): Line[] {
  if (delayMs === 0) return [];
  const held = (what: string, ours: Ours | undefined, least: number | undefined): Line[] => {
    if (ours === undefined || least === undefined) return [];
    const factor = sequential.ms / ours.ms;
    return [
      { what: `${tasks} tasks ${what}, faster than one by one`, figure: times(factor), target: `≥ ${least} ×`, met: factor >= least },
    ];
  };
  return [...held('to a function', toFunction, leastToFunction[tasks]), ...held('through a queue', toQueue, leastByQueue[tasks])];
}

function againstSdk({ tasks, delayMs, toFunction, toQueue }: Compared): Line[] {
  const held = (what: string, ours: Ours | undefined): Line[] =>
    ours === undefined
      ? []
      : [
          {
            what: `${tasks.toLocaleString('en')} tasks ${what}, ${delayMs} ms, against the bare SDK`,
            figure: `${ours.ofBare.toFixed(2)} ×`,
            target: `≤ ${mostOfBare} ×`,
            met: ours.ofBare <= mostOfBare,
          },
        ];
  return [...held('to a function', toFunction), ...held('through a queue', toQueue)];
}
