/** The command line of `npm start`. Pure. */
import { parseArgs } from 'node:util';
import { HelpfulError } from '../cli/helpful-error.ts';

export interface StartArguments {
  help: boolean;
  /** End after the table, with an exit code that tells whether the limits were kept and used. */
  once: boolean;
  /** Do not run the demo: only bring the stage up. */
  demo: boolean;
  /** MiniStack's port; undefined: any that is free. */
  port: number | undefined;
  /** Work sent to each group, in seconds at the group's own limit. */
  seconds: number;
}

export const helpText = `Sluice on this machine: a local AWS, the real app deployed to it, and a demo that measures.

  npm start                      bring it up, run the demo, stay up until Ctrl-C
  npm start -- --once            end after the table: exit code 0 if every group kept its limit
                                 and used at least 97% of it, else 1
  npm start -- --no-demo         only bring it up

  --port <1024-65535>            port of the local AWS (default: any that is free)
  --seconds <5-3600>             work sent to each group, in seconds at its limit (default: 60)
  --help                         this

The demo: groups A, B and C may make 2, 1 and 2 calls at once to a partner that takes a second for
each and answers 429 above that. Sluice gives each group a pipeline; beside it, the same tasks go
through one shared queue with four consumers. The partner counts.

Needs Node 20 or later and Python 3.11 to 3.14; no AWS account, no Docker. All it keeps is in .sluice/.
While it is up, .sluice/local.json says how to reach it, and \`npm run local -- help\` what to try.
`;

export function parseStartArguments(args: string[]): StartArguments {
  const { values } = parse(args);
  return {
    help: values.help,
    once: values.once,
    demo: !values['no-demo'],
    port: values.port === undefined ? undefined : wholeNumber('--port', values.port, 1_024, 65_535),
    seconds: wholeNumber('--seconds', values.seconds, 5, 3_600),
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        once: { type: 'boolean', default: false },
        'no-demo': { type: 'boolean', default: false },
        port: { type: 'string' },
        seconds: { type: 'string', default: '60' },
      },
    });
  } catch (error) {
    throw new HelpfulError(`${(error as Error).message.split('. ')[0]}. See \`npm start -- --help\`.`);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new HelpfulError(`${name} must be a whole number from ${min} to ${max}, not \`${text}\`.`);
  }
  return value;
}
