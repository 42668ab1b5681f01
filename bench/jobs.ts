/**
 * `npm run bench:jobs`: how long `POST /jobs` takes, by the number of tasks and by how they are handed in, and the seed's
 * scenarios of one and of three workers, on the local AWS with the deployed app. Exit code 1 when a target is missed.
 */
import { parseArgs } from 'node:util';
import { posts } from './jobs/posts.ts';
import { scenarios } from './jobs/scenarios.ts';
import { withStage } from './jobs/stage.ts';
import { endProgress, type Line, missed, printLines } from './report.ts';

const help = `How long the job API takes, and what runs at once. All parts take about five minutes.

  npm run bench:jobs                   all parts
  npm run bench:jobs -- --posts        POST /jobs with 1 to 1,000 tasks beside a loop of SendMessage; files of 1,000 and 100,000
  npm run bench:jobs -- --scenarios    jobs at once with one worker and with three; synchronous and asynchronous answers

  --rounds <n>   posts of each size (default: 100)
  --help         this

Figures are only as good as the machine is quiet. Exit code 1 when a target is missed.
`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    posts: { type: 'boolean', default: false },
    scenarios: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '100' },
  },
});

async function main(): Promise<void> {
  const all = !values.posts && !values.scenarios;
  const lines = await withStage(async (stage) => {
    const seen: Line[] = [];
    if (all || values.posts)
      seen.push(...shown('POST /jobs on the local AWS, signed, until its answer', await posts(stage, Number(values.rounds))));
    if (all || values.scenarios) seen.push(...shown('Jobs of one task of 5 s, from the first post', await scenarios(stage)));
    return seen;
  });
  if (missed(lines) > 0) process.exitCode = 1;
}

function shown(title: string, lines: Line[]): Line[] {
  endProgress();
  printLines(title, lines);
  return lines;
}

if (values.help) console.log(help);
else await main();
