/** `sluice job`, `sluice cancel` and `sluice retry`: what is about one job. */
import { Command } from 'commander';
import { z } from 'zod';
import { hasEnded, type Job } from '../../lambdas/contract/job.ts';
import { jobClient } from '../aws/job-client.ts';
import { followed, jobId, showEnd } from '../jobs/follow.ts';
import { jobText } from '../jobs/shown.ts';
import { openStage, withStageOptions } from './stage-options.ts';

const Options = z.object({
  stack: z.string().optional(),
  local: z.boolean().optional(),
  from: z.string().optional(),
  wait: z.boolean().default(false),
  json: z.boolean().default(false),
});
type Options = z.output<typeof Options>;

export const jobCommand = (): Command =>
  withStageOptions(new Command('job'))
    .summary('shows a job, or follows it')
    .description('Shows everything about one job; with --wait follows it to its end, as `sluice submit` does.')
    .argument('<id>', 'id of the job')
    .option('--wait', 'follow it; ends with 0 when it is COMPLETED, else with 1')
    .option('--json', 'as one JSON document')
    .action((id: string, options: unknown) => show(jobId(id), Options.parse(options)));

export const cancelCommand = (): Command =>
  withStageOptions(new Command('cancel'))
    .summary('cancels a job: what has not started never runs')
    .description('Cancels a job. What has not started never runs; what runs now runs to its end, and its result is kept.')
    .argument('<id>', 'id of the job')
    .option('--json', 'the job as one JSON document')
    .action(async (id: string, options: unknown) => {
      const { json, ...stage } = Options.parse(options);
      said(await jobClient(await openStage(stage)).cancel(jobId(id)), json);
    });

export const retryCommand = (): Command =>
  withStageOptions(new Command('retry'))
    .summary('tries the failed tasks of a job again')
    .description('Tries the failed tasks of a job that has ended again; those that were done stay done, and steps, too.')
    .argument('<id>', 'id of the job')
    .option('--from <step>', 'of a job that states needs: run this step and those after it again; default: from the one it failed in')
    .option('--wait', 'follow it; ends with 0 when it is COMPLETED, else with 1')
    .option('--json', 'the job as one JSON document')
    .action(async (id: string, options: unknown) => {
      const { wait, json, from, ...stage } = Options.parse(options);
      const client = jobClient(await openStage(stage));
      const job = await client.retry(jobId(id), from === undefined ? {} : { from });
      if (!wait) return said(job, json);
      const ended = await followed(client, job.id);
      if (ended) await showEnd(client, ended, json);
    });

async function show(id: string, { wait, json, ...stage }: Options): Promise<void> {
  const client = jobClient(await openStage(stage));
  if (!wait) {
    const job = await client.get(id);
    process.stdout.write(`${json ? JSON.stringify(job) : jobText(job)}\n`);
    return;
  }
  const job = await followed(client, id);
  if (job) await showEnd(client, job, json);
}

export function said(job: Job, json: boolean): void {
  const hint = hasEnded(job.status) ? '' : ` \`sluice job ${job.id} --wait\` follows it.`;
  process.stdout.write(json ? `${JSON.stringify(job)}\n` : `${job.status}: ${job.message}.${hint}\n`);
}
