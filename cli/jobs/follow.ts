/** Follows a job to its end, shows what came of it, and says how the command ends. */
import type { SluiceClient } from '../../client/client.ts';
import type { Job, JobTask } from '../../lambdas/contract/job.ts';
import { exitCodes } from '../exit-code.ts';
import { HelpfulError } from '../helpful-error.ts';
import { interruptible } from '../interruption.ts';
import { withJobProgress } from './job-progress.ts';
import { failureTable } from './shown.ts';

/** So many tasks are named; the results file has all of them. */
const shownFailures = 10;

/** Undefined where it was interrupted: the job goes on. */
export async function followed(client: SluiceClient, id: string): Promise<Job | undefined> {
  return interruptible(async (signal) => {
    try {
      return await withJobProgress(process.stderr, (show) => client.wait(id, { signal, onProgress: show }));
    } catch (error) {
      if (!signal.aborted) throw error;
      process.stderr.write(`Interrupted; the job goes on: \`sluice job ${id} --wait\` follows it, \`sluice cancel ${id}\` ends it.\n`);
      process.exitCode = exitCodes.interrupted;
      return undefined;
    }
  });
}

export async function showEnd(client: SluiceClient, job: Job, json: boolean): Promise<void> {
  const failures = job.failed > 0 ? await firstFailures(client, job.id) : [];
  process.stdout.write(json ? `${JSON.stringify(job)}\n` : `${job.status}: ${job.message}.\n`);
  if (failures.length > 0 && !json) {
    process.stdout.write(`\n${failureTable(failures, process.stdout.isTTY ? process.stdout.columns : undefined)}\n`);
    const more = job.failed > failures.length ? `${job.failed - failures.length} more failed. ` : '';
    process.stdout.write(`\n${more}All of them: sluice results ${job.id} --failed; once more: sluice retry ${job.id}\n`);
  }
  if (job.status !== 'COMPLETED') process.exitCode = exitCodes.failed;
}

async function firstFailures(client: SluiceClient, id: string): Promise<JobTask[]> {
  const failures: JobTask[] = [];
  for await (const task of client.tasks(id, { status: 'failed' })) {
    failures.push(task);
    if (failures.length === shownFailures) break;
  }
  return failures;
}

/** A job id may be pasted with what surrounded it. */
export function jobId(text: string): string {
  const id = text.trim().replace(/^\/?jobs\//, '');
  if (/^[\w-]{1,64}$/.test(id)) return id;
  throw new HelpfulError(`${JSON.stringify(text)} is no id of a job; \`sluice jobs\` lists them.`);
}
