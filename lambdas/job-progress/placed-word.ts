/** A word about a job that was placed on a pool: it counts under the newest lease alone, and changes nothing under any other. */
import type { JobServices } from '../aws/jobs/job-services.ts';
import { followStep } from '../aws/placement/follow-step.ts';
import type { Stepped } from '../aws/placement/steps.ts';
import type { TaskEnd } from '../domain/job/task-end.ts';
import { fenceOf } from '../domain/placement/lease-token.ts';
import type { PlacedJob } from '../domain/placement/placed-job.ts';

export interface LeasedWord {
  end: TaskEnd;
  lease?: string | undefined;
}

export async function takePlaced(services: JobServices, row: PlacedJob, words: readonly LeasedWord[]): Promise<void> {
  const { job, tokenKey } = row;
  for (const { end, lease } of words) {
    const fence = lease === undefined ? undefined : fenceOf(tokenKey, job, lease);
    if (fence === undefined) services.log.warn('a word about a placed job without a token of its lease', { job, status: end.status });
    else await take(services, job, fence, end);
  }
}

async function take(services: JobServices, job: string, fence: number, end: TaskEnd): Promise<void> {
  const stepped = await stepOf(services, job, fence, end);
  if (stepped?.kind === 'done') await followStep(services, stepped);
  else services.log.info('a word of a lease that is over', { job, fence, status: end.status, newest: stepped?.row?.placed?.fence });
}

/** Undefined: it says nothing that counts. Whether a job is tried again is for us to say, not for its consumer. */
function stepOf(
  { placement }: JobServices,
  job: string,
  fence: number,
  { status, result, resultKey, error }: TaskEnd,
): Promise<Stepped> | undefined {
  if (status === 'done') return placement.complete(job, fence, { result, resultKey });
  if (status === 'failed' && error !== undefined) return placement.failAttempt(job, fence, error);
  return undefined;
}
