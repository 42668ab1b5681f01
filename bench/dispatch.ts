/**
 * `npm run bench:dispatch`: how fast a job's tasks are sent, beside the seed's loop and the bare SDK in the same run on the
 * same local AWS, and how much memory that takes. Exit code 1 when a target is missed.
 */
import { parseArgs } from 'node:util';
import { ensureVenv } from '../local/venv.ts';
import { type Compared, compare, compareLarge, warmUpSize } from './dispatch/compare.ts';
import { startLocalAws } from './dispatch/local-aws.ts';
import { memory } from './dispatch/memory.ts';
import { printTable, verdicts } from './dispatch/table.ts';
import { endProgress, type Line, missed, printLines, progress } from './report.ts';

const help = `How fast tasks are sent, and in how much memory. All parts take about ten minutes.

  npm run bench:dispatch                 all parts
  npm run bench:dispatch -- --times      10 to 100,000 tasks, as it is and with 100 ms on every AWS call
  npm run bench:dispatch -- --memory     peak memory at 1,000 and at 1,000,000 tasks, against a queue that counts

  --rounds <n>   rounds of each, of which the median counts (default: 9); the loop, with the delay, goes once
  --help         this

Figures are only as good as the machine is quiet. Exit code 1 when a target is missed.
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    times: { type: 'boolean', default: false },
    memory: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '9' },
  },
});

const sizes = [10, 50, 200, 500];
const scaledFrom = 200;
const large = 100_000;
/** As in the seed: what a call took there. */
const delayMs = 100;

async function times(rounds: number): Promise<Line[]> {
  await ensureVenv(progress);
  const aws = await startLocalAws([...new Set([warmUpSize, ...sizes, large])], delayMs);
  try {
    const all: Compared[] = [];
    for (const way of aws.ways) {
      const rows: Compared[] = [];
      for (const size of sizes) rows.push(await compare(aws, way, size, rounds));
      const small = rows.find(({ tasks }) => tasks === scaledFrom);
      if (small) rows.push(await compareLarge(aws, way, large, small));
      endProgress();
      printTable(
        way.delayMs === 0
          ? 'As it is: bounded by the local AWS, which answers one call at a time'
          : `${way.delayMs} ms on every call: bounded by 20 sends in flight, of one task to a function and of ten to a queue`,
        rows,
      );
      all.push(...rows);
    }
    const lines = verdicts(all);
    printLines('First send to last acknowledgement', lines);
    return lines;
  } finally {
    await aws.stop();
  }
}

async function inMemory(): Promise<Line[]> {
  const lines = await memory([1_000, 1_000_000]);
  endProgress();
  printLines('Peak memory (RSS) of a process that sends, the SDK and its reader included: bounded by what is in flight', lines);
  return lines;
}

async function main(): Promise<void> {
  const all = !values.times && !values.memory;
  const lines: Line[] = [];
  if (all || values.times) lines.push(...(await times(Number(values.rounds))));
  if (all || values.memory) lines.push(...(await inMemory()));
  if (missed(lines) > 0) process.exitCode = 1;
}

if (values.help) console.log(help);
else await main();
