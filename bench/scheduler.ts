/**
 * `npm run bench:scheduler`: what a decision of the scheduler costs, how well a day of mixed load is placed beside plain FIFO
 * and polling threads, and how fast jobs start through the local AWS. Exit code 1 when a target is missed.
 */
import { parseArgs } from 'node:util';
import { endProgress, type Line, missed, printLines } from './report.ts';
import { days } from './scheduler/days.ts';
import { decisions } from './scheduler/decisions.ts';
import { freedPlaces } from './scheduler/freed-places.ts';
import { localRate } from './scheduler/local-rate.ts';

const help = `What the scheduler's decisions cost, and what they come to. All parts take about four minutes.

  npm run bench:scheduler                    all parts
  npm run bench:scheduler -- --decisions     a decision with 100 and with 10,000 jobs waiting, 100 pools, 1,000 customers
  npm run bench:scheduler -- --day           a day of mixed load in virtual time, beside plain FIFO and threads that poll
  npm run bench:scheduler -- --local         starts through the local AWS, beside its own rate of updates
  npm run bench:scheduler -- --freed         from a place that becomes free to the next job at work, on the deployed app

  --help         this

Figures are only as good as the machine is quiet. Exit code 1 when a target is missed.
`;

const parts: Record<'decisions' | 'day' | 'local' | 'freed', { title: string; run: () => Line[] | Promise<Line[]> }> = {
  decisions: { title: 'Decisions, in memory', run: () => decisions() },
  day: { title: 'A day of mixed load, in virtual time', run: days },
  local: { title: 'Starts through the local AWS', run: localRate },
  freed: { title: 'A place becomes free, on the deployed app', run: freedPlaces },
};

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    decisions: { type: 'boolean', default: false },
    day: { type: 'boolean', default: false },
    local: { type: 'boolean', default: false },
    freed: { type: 'boolean', default: false },
  },
});

async function main(): Promise<void> {
  const asked = Object.entries(parts).filter(([name]) => values[name as keyof typeof parts]);
  const lines: Line[] = [];
  for (const [, { title, run }] of asked.length > 0 ? asked : Object.entries(parts)) {
    const seen = await run();
    endProgress();
    printLines(title, seen);
    lines.push(...seen);
  }
  if (missed(lines) > 0) process.exitCode = 1;
}

if (values.help) console.log(help);
else await main();
