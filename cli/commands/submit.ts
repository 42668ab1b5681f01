/** `sluice submit`. */
import { Command, Option } from 'commander';
import { z } from 'zod';
import type { SluiceClient } from '../../client/client.ts';
import type { Submission, UploadProgress } from '../../client/jobs/submission.ts';
import { type JobAccepted, Priority, priorities } from '../../lambdas/contract/job.ts';
import { jobClient } from '../aws/job-client.ts';
import { UsageError } from '../helpful-error.ts';
import { followed, showEnd } from '../jobs/follow.ts';
import { explanationText } from '../jobs/placement-shown.ts';
import { withProgress } from '../progress.ts';
import { sizeText } from '../release/rollout.ts';
import { NeedsOptions, needsOf, withNeedsOptions } from './needs-options.ts';
import { numberBetween } from './parse-options.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = NeedsOptions.extend({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  group: z.string().optional(),
  function: z.string().optional(),
  customer: z.string().optional(),
  name: z.string().optional(),
  priority: Priority.optional(),
  maxFailures: z.number().optional(),
  strict: z.boolean().optional(),
  runAt: z.string().optional(),
  delay: z.number().optional(),
  timeout: z.number().optional(),
  key: z.string().optional(),
  wait: z.boolean(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

const help = `
Examples:
  sluice submit tasks.ndjson --group "customer 7"       and follow it to the end
  sluice submit - --group A --no-wait < tasks.ndjson    from stdin; prints the job's id
  sluice submit big.ndjson.gz --function resize --priority low --max-failures 100
  sluice submit --body '{"case":17}' --needs cpu=8,gpu=1 --customer acme --input s3://cases/17.bin

A task a line: {"body": …}, with "id", "delaySeconds", "runAt", "timeoutSeconds", "messageGroup" if you
like; plain or gzip, of any size. Ends with 0 when the job is COMPLETED (or, with --no-wait, accepted),
with 1 when it is FAILED or CANCELLED. Ctrl-C ends only the watching.`;

const ten = 315_360_000;
const seconds = (min: number) => numberBetween(min, ten, { whole: true });

export const submitCommand = (): Command =>
  withNeedsOptions(withStageOptions(new Command('submit')))
    .summary('submits a file of tasks, or a job that states needs, and follows it')
    .description(
      'Submits the tasks of an NDJSON file as one job of a task group or a function, or with --body one job for a pool, and follows it to its end.',
    )
    .argument('[file]', 'NDJSON, plain or gzip; - for stdin')
    .option('--group <name>', 'the task group whose pipeline runs them')
    .option('--function <name>', 'in its place: a Lambda function of the stage, invoked once per task')
    .option('--customer <name>', 'whom the job is for')
    .option('--name <text>', 'for people')
    .addOption(new Option('--priority <priority>', 'who waits goes in this order; default normal').choices(priorities))
    .option('--max-failures <n>', 'failed tasks with which it is still COMPLETED; default 0', numberBetween(0, 1e9, { whole: true }))
    .option('--strict', 'one bad line fails the whole job before anything is sent')
    .option('--run-at <time>', 'not before; ISO 8601 with Z or an offset')
    .option('--delay <seconds>', 'not before so many seconds from now', seconds(0))
    .option('--timeout <seconds>', 'from its start; what has not ended then has failed', seconds(1))
    .option('--key <text>', 'Idempotency-Key: the same request with the same key is the same job')
    .option('--no-wait', 'only submit, and print the id of the job')
    .option('--json', 'the outcome as one JSON document')
    .addHelpText('after', help)
    .action((file: string | undefined, options: unknown) => submit(file, Options.parse(options)));

async function submit(file: string | undefined, options: Options): Promise<void> {
  requireOneTask(file, options);
  if (options.group !== undefined && options.function !== undefined)
    throw new UsageError('--group and --function are two targets: leave one of them out.');
  const client = jobClient(await openStage(options));
  if (options.dryRun) return wouldBe(client, options);
  const accepted = await handedIn(client, file, options);
  if (!options.wait) {
    process.stdout.write(`${options.json ? JSON.stringify(accepted) : accepted.id}\n`);
    return;
  }
  process.stderr.write(`Job ${accepted.id}: ${accepted.message}.\n`);
  const job = await followed(client, accepted.id);
  if (job) await showEnd(client, job, options.json);
}

function requireOneTask(file: string | undefined, { body, dryRun }: Options): void {
  if (file === undefined && body === undefined)
    throw new UsageError('Name a file of tasks, or give the task of a job that states needs: --body.');
  if (file !== undefined && body !== undefined) throw new UsageError('A file has the tasks, --body is one: leave one of them out.');
  if (dryRun && body === undefined) throw new UsageError('--dry-run is of a job that states needs: give --body.');
}

async function wouldBe(client: SluiceClient, options: Options): Promise<void> {
  const explanation = await client.dryRun(submission(undefined, options));
  const width = process.stdout.isTTY ? process.stdout.columns : undefined;
  process.stdout.write(`${options.json ? JSON.stringify(explanation) : explanationText(explanation, width)}\n`);
}

async function handedIn(client: SluiceClient, file: string | undefined, options: Options): Promise<JobAccepted> {
  let seen: UploadProgress | undefined;
  const onUpload = (progress: UploadProgress) => {
    seen = progress;
  };
  const key = options.key === undefined ? {} : { idempotencyKey: options.key };
  return withProgress(
    process.stderr,
    () => (file === undefined ? 'handing it in' : uploadText(file, seen)),
    () => client.submit(submission(file, options), { onUpload, ...key }),
  );
}

function uploadText(file: string, progress: UploadProgress | undefined): string {
  if (!progress) return `reading ${file}`;
  if (progress.phase === 'packing') return `reading ${file}: ${sizeText(progress.bytes)} so far`;
  return `uploading: ${sizeText(progress.bytes)} of ${sizeText(progress.totalBytes ?? 0)}`;
}

function submission(file: string | undefined, options: Options): Submission {
  const { group, function: reference, customer, name, priority, maxFailures, strict, runAt, delay, timeout } = options;
  return {
    ...needsOf(options),
    ...(file === undefined ? {} : { file: file === '-' ? process.stdin : file }),
    ...(customer === undefined ? {} : { customer }),
    ...(group === undefined ? {} : { taskGroup: group }),
    ...(reference === undefined ? {} : { function: reference }),
    ...(name === undefined ? {} : { name }),
    ...(priority === undefined ? {} : { priority }),
    ...(maxFailures === undefined ? {} : { maxFailures }),
    ...(strict === undefined ? {} : { strict }),
    ...(runAt === undefined ? {} : { runAt }),
    ...(delay === undefined ? {} : { delaySeconds: delay }),
    ...(timeout === undefined ? {} : { timeoutSeconds: timeout }),
  };
}
