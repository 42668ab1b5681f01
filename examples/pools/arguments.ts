/** The command line of `npm run example:pools`. Pure. */
import { parseArgs } from 'node:util';
import { UsageError } from '../../cli/helpful-error.ts';

export interface Arguments {
  help: boolean;
  /** Only remove what a run that was killed left. */
  clean: boolean;
  /** Lines where a picture could be drawn. */
  plain: boolean;
  jobs: number;
  stack: string | undefined;
  /** Whatever SLUICE_STACK says. */
  local: boolean;
}

export const defaultJobs = 40;
const fewestJobs = 8;
const mostJobs = 400;

export const helpText = `Three unlike pools, four customers, a burst of jobs, and a picture of who runs where.

  npm start -- --no-demo              in one terminal: a local stage
  npm run example:pools               in another: the example on it

  npm run example:pools -- --stack <name>    on AWS: the stage's stack (or SLUICE_STACK)

  --jobs <${fewestJobs}-${mostJobs}>    jobs of the burst, 1 to 4 seconds of work each (default: ${defaultJobs})
  --plain            lines instead of the picture, as it is where stdout is no terminal
  --local            the local stage, whatever SLUICE_STACK says
  --clean            only remove what a run left that was killed
  --help             this

What it does: uploads inputs to two places (prefixes of the stage's bucket, each near one pool), starts a
worker outside of Lambda with a queue of its own, releases examples/pools/consumer.ts as example-pools.zip,
writes the pools example-west, example-east and example-lab and the limits of four customers, hands the
jobs in, and compares what it sees with every limit until all have ended. One job fails once, is tried
again, and goes on behind the step that was done.

It ends with 0 if every job is COMPLETED and no limit was passed, else with 1. However it ends, Ctrl-C
included, it takes back what it made; only the release stays, as any release does.

On AWS it needs what \`npx sluice release\` and \`submit\` need (docs/cli.md), and rights to put items into
the config table and to make a queue. It takes a few minutes and costs less than a cent.
`;

export function parseArguments(args: string[]): Arguments {
  const { values } = parse(args);
  const { help, clean, plain, local, stack } = values;
  if (local && stack !== undefined)
    throw new UsageError('--stack names a stack on AWS, --local means the stage on this machine: use one of them.');
  return { help, clean, plain, local, stack, jobs: jobsOf(values.jobs) };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        clean: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        local: { type: 'boolean', default: false },
        stack: { type: 'string' },
        jobs: { type: 'string', default: String(defaultJobs) },
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}. See \`npm run example:pools -- --help\`.`);
  }
}

function jobsOf(text: string): number {
  const jobs = Number(text);
  if (!Number.isInteger(jobs) || jobs < fewestJobs || jobs > mostJobs)
    throw new UsageError(`--jobs must be a whole number from ${fewestJobs} to ${mostJobs}, not \`${text}\`.`);
  return jobs;
}
