/** `sluice change` and `sluice release-job`: for a job that waits for the wrong thing, or is held by somebody who is gone. */
import { Command, Option } from 'commander';
import { z } from 'zod';
import { Priority } from '../../lambdas/contract/job.ts';
import { jobClient } from '../aws/job-client.ts';
import { UsageError } from '../helpful-error.ts';
import { jobId } from '../jobs/follow.ts';
import { said } from './one-job.ts';
import { numberBetween } from './parse-options.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  priority: Priority.optional(),
  pool: z.string().optional(),
  requirePool: z.string().optional(),
  anyPool: z.boolean().default(false),
  maxRetries: z.number().optional(),
  json: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

export const changeCommand = (): Command =>
  withStageOptions(new Command('change'))
    .summary('changes a job that waits: priority, pool, retries')
    .description('Changes a job that waits. It keeps its age; `sluice explain` says where it is in the order then.')
    .argument('<id>', 'id of the job')
    .addOption(new Option('--priority <priority>', 'its priority').choices(Priority.options))
    .option('--pool <name>', 'of a job that states needs: the pool it prefers')
    .option('--require-pool <name>', 'of a job that states needs: on this pool or not at all')
    .option('--any-pool', 'of a job that states needs: it prefers none')
    .option('--max-retries <n>', 'of a job that states needs: retries of its attempts', numberBetween(0, 100, { whole: true }))
    .option('--json', 'the job as one JSON document')
    .action(async (id: string, options: unknown) => {
      const { json, stack, local, ...given } = Options.parse(options);
      const change = changeOf(given);
      const client = jobClient(await openStage({ stack, local }));
      said(await client.change(jobId(id), change), json);
    });

export const releaseJobCommand = (): Command =>
  withStageOptions(new Command('release-job'))
    .summary('takes a job off its pool; it is placed anew')
    .description(
      'Takes a job off its pool, where whoever works for it is known to be gone. Its place is free at once, it is placed anew, and ' +
        'no attempt is counted. Whoever does work for it still is told with the next word, and nothing it says counts.',
    )
    .argument('<id>', 'id of the job')
    .option('--json', 'the job as one JSON document')
    .action(async (id: string, options: unknown) => {
      const { json, stack, local } = Options.parse(options);
      said(await jobClient(await openStage({ stack, local })).release(jobId(id)), json);
    });

function changeOf({
  priority,
  pool,
  requirePool,
  anyPool,
  maxRetries,
}: Pick<Options, 'priority' | 'pool' | 'requirePool' | 'anyPool' | 'maxRetries'>) {
  const pools = [pool, requirePool, anyPool ? '' : undefined].filter((given) => given !== undefined);
  if (pools.length > 1) throw new UsageError('--pool, --require-pool and --any-pool exclude each other: name one.');
  if (pools.length === 0 && priority === undefined && maxRetries === undefined)
    throw new UsageError('Nothing to change: name --priority, --pool, --require-pool, --any-pool or --max-retries.');
  const name = requirePool ?? pool;
  const affinity = anyPool
    ? { affinity: null }
    : name === undefined
      ? {}
      : { affinity: { pool: name, ...(requirePool && { required: true }) } };
  return { ...(priority && { priority }), ...(maxRetries === undefined ? {} : { maxRetries }), ...affinity };
}
