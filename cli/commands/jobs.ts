/** `sluice jobs`. */
import { Command, Option } from 'commander';
import { z } from 'zod';
import { type Job, JobStatus, Priority, priorities } from '../../lambdas/contract/job.ts';
import { jobClient } from '../aws/job-client.ts';
import { jobTable } from '../jobs/shown.ts';
import { withProgress } from '../progress.ts';
import { numberBetween } from './parse-options.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  status: JobStatus.optional(),
  group: z.string().optional(),
  function: z.string().optional(),
  customer: z.string().optional(),
  pool: z.string().optional(),
  priority: Priority.optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  limit: z.number(),
  json: z.boolean().default(false),
});

const help = `
Examples:
  sluice jobs                            the newest 50
  sluice jobs --status RUNNING           what runs now
  sluice jobs --group A --from 2026-11-01T00:00:00Z --limit 1000 --json`;

export const jobsCommand = (): Command =>
  withStageOptions(new Command('jobs'))
    .summary('lists jobs, the newest first')
    .description('Lists the jobs of the stage, the newest first: status, target, how many tasks were processed and failed.')
    .addOption(new Option('--status <status>', 'only of this status').choices(JobStatus.options))
    .option('--group <name>', 'only of this task group')
    .option('--function <name>', 'only of this function')
    .option('--customer <name>', 'only for this customer')
    .option('--pool <name>', 'only those that state needs, and are or were last on this pool')
    .addOption(new Option('--priority <priority>', 'only of this priority').choices(priorities))
    .option('--from <time>', 'made then or later; ISO 8601 with Z or an offset')
    .option('--to <time>', 'made then or earlier')
    .option('--limit <n>', 'so many at most', numberBetween(1, 1_000_000, { whole: true }), 50)
    .option('--json', 'a JSON document per line and job')
    .addHelpText('after', help)
    .action((options: unknown) => jobs(Options.parse(options)));

async function jobs({ stack, local, group, limit, json, ...filter }: z.output<typeof Options>): Promise<void> {
  const client = jobClient(await openStage({ stack, local }));
  const found: Job[] = [];
  const set = Object.fromEntries(Object.entries({ ...filter, taskGroup: group }).filter(([, value]) => value !== undefined));
  const more = await withProgress(
    process.stderr,
    () => `${found.length} jobs so far`,
    async () => {
      for await (const job of client.jobs(set)) {
        if (found.length === limit) return true;
        found.push(job);
      }
      return false;
    },
  );
  if (json) for (const job of found) process.stdout.write(`${JSON.stringify(job)}\n`);
  else process.stdout.write(`${found.length === 0 ? 'No jobs.' : jobTable(found, Date.now(), width())}\n`);
  if (more) process.stderr.write(`There are more: name a filter, or a higher --limit.\n`);
}

const width = () => (process.stdout.isTTY ? process.stdout.columns : undefined);
