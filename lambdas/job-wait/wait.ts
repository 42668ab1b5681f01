/** Looks at a job until it has ended or the time is over, often at first and then twice a second. */
import type { JobServices } from '../aws/jobs/job-services.ts';
import { viewJob } from '../aws/jobs/job-view.ts';
import { hasEnded } from '../contract/job.ts';
import { longestWaitSeconds, type WaitAnswer, WaitRequest } from '../contract/job-api.ts';

const firstPauseMs = 100;
const longestPauseMs = 500;

export function createWait(services: Pick<JobServices, 'jobs' | 'tasks' | 'placement' | 'clock'>) {
  const { clock } = services;
  return async (event: unknown): Promise<WaitAnswer> => {
    const { job: id, seconds, withResults } = WaitRequest.parse(event);
    const overMs = clock.nowMs() + Math.min(seconds, longestWaitSeconds) * 1_000;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 2)) {
      const job = await viewJob(services, id, { withResults });
      const leftMs = overMs - clock.nowMs();
      if (job === undefined || hasEnded(job.status) || leftMs <= 0) return job === undefined ? {} : { job };
      await clock.sleep(Math.min(pauseMs, leftMs));
    }
  };
}
