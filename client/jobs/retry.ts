/** Has the failed tasks of a job tried again. */
import { hasEnded, Job } from '../../lambdas/contract/job.ts';
import type { Api } from '../api/api.ts';
import type { Interruptible } from '../client.ts';
import { SluiceApiError } from '../errors.ts';

export async function retryJob(api: Api, id: string, { from, signal }: Interruptible & { from?: string }): Promise<Job> {
  try {
    return (await api.call('retryJob', Job, { path: { id }, query: { from }, signal })).body;
  } catch (error) {
    // A try of ours whose answer was lost may have begun it: then it is no conflict that it runs.
    if (!(error instanceof SluiceApiError) || error.status !== 409 || error.attempts === 1) throw error;
    const job = (await api.call('getJob', Job, { path: { id }, signal })).body;
    if (hasEnded(job.status)) throw error;
    return job;
  }
}
