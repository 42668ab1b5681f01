/** Takes a job off its pool. */
import { Job } from '../../lambdas/contract/job.ts';
import type { Api } from '../api/api.ts';
import { SluiceApiError } from '../errors.ts';

export async function releaseJob(api: Api, id: string, signal: AbortSignal | undefined): Promise<Job> {
  try {
    return (await api.call('releaseJob', Job, { path: { id }, signal })).body;
  } catch (error) {
    // A try of ours whose answer was lost may have released it: then it is no conflict that it has no lease.
    if (!(error instanceof SluiceApiError) || error.status !== 409 || error.attempts === 1) throw error;
    return (await api.call('getJob', Job, { path: { id }, signal })).body;
  }
}
