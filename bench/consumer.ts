/**
 * `npm run bench:consumer`: what the consumer library costs, beside Powertools and a bare handler in the same run, and
 * how well it holds and uses a rate on the local AWS. Exit code 1 when a target is missed.
 */
import { parseArgs } from 'node:util';
import { bundle } from './consumer/bundle.ts';
import { coldStart } from './consumer/cold-start.ts';
import { overhead } from './consumer/overhead.ts';
import { rate } from './consumer/rate.ts';
import { type Line, missed } from './report.ts';

const help = `What the consumer library costs, and how well it holds a rate. All parts take about eight minutes.

  npm run bench:consumer                     all parts
  npm run bench:consumer -- --overhead       per task: nothing, Powertools, the library with its features one by one
  npm run bench:consumer -- --bundle         bytes of a trivial consumer, minified
  npm run bench:consumer -- --cold-start     process start to the first answered batch
  npm run bench:consumer -- --rate           a minute with a backlog on the local AWS, for each rate and concurrency

  --rounds <n>    rounds of each variant of the overhead (default: 40)
  --runs <n>      processes of each variant of the cold start (default: 25)
  --only <name>   of the rate only groups whose name begins so, such as r50-c2
  --help          this

Figures are only as good as the machine is quiet. Exit code 1 when a target is missed.
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    overhead: { type: 'boolean', default: false },
    bundle: { type: 'boolean', default: false },
    'cold-start': { type: 'boolean', default: false },
    rate: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '40' },
    runs: { type: 'string', default: '25' },
    only: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const all = !values.overhead && !values.bundle && !values['cold-start'] && !values.rate;
  const lines: Line[] = [];
  if (all || values.overhead) lines.push(...(await overhead(Number(values.rounds))));
  if (all || values.bundle) lines.push(...(await bundle()));
  if (all || values['cold-start']) lines.push(...(await coldStart(Number(values.runs))));
  if (all || values.rate) lines.push(...(await rate(values.only)));
  if (missed(lines) > 0) process.exitCode = 1;
}

if (values.help) console.log(help);
else await main();
