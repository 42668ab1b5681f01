/** `sluice results`. */
import { createWriteStream } from 'node:fs';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { z } from 'zod';
import { jobClient } from '../aws/job-client.ts';
import { HelpfulError } from '../helpful-error.ts';
import { jobId } from '../jobs/follow.ts';
import { withProgress } from '../progress.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  failed: z.boolean().default(false),
  output: z.string().optional(),
});

const help = `
Examples:
  sluice results 0b6c1b5e-… | jq 'select(.status == "done") | .result'
  sluice results 0b6c1b5e-… --failed -o failed.ndjson     and, mended:
  sluice submit failed.ndjson --group A`;

export const resultsCommand = (): Command =>
  withStageOptions(new Command('results'))
    .summary('the results of a job that has ended, a line a task')
    .description('Writes the results of a job that has ended as NDJSON, a line a task; waits until they are written together.')
    .argument('<id>', 'id of the job')
    .option('--failed', 'only the failed tasks, in a form that `sluice submit` takes')
    .option('-o, --output <file>', 'into this file; default stdout')
    .addHelpText('after', help)
    .action((id: string, options: unknown) => results(jobId(id), Options.parse(options)));

async function results(id: string, { failed, output, ...stage }: z.output<typeof Options>): Promise<void> {
  const client = jobClient(await openStage(stage));
  let count = 0;
  async function* lines() {
    for await (const line of client.resultLines(id, { only: failed ? 'failed' : 'all' })) {
      count += 1;
      yield `${line}\n`;
    }
  }
  await withProgress(
    process.stderr,
    () => (count === 0 ? 'waiting for the results to be written together' : `${count} lines`),
    () => pipeline(lines, output === undefined ? openOutput() : createWriteStream(output)),
  ).catch((error: unknown) => {
    if (output === undefined || !isFileError(error)) throw error;
    throw new HelpfulError(`${output} cannot be written: ${error.message}.`, { cause: error });
  });
  process.stderr.write(`${count} ${count === 1 ? 'line' : 'lines'}.\n`);
}

/** Stdout, which is not ours to close. */
const openOutput = () =>
  new Writable({ write: (chunk: Buffer, _encoding, done) => void process.stdout.write(chunk, (error) => done(error)) });

const isFileError = (error: unknown): error is Error => error instanceof Error && 'syscall' in error;
