/** A job as an answer, and waiting for its end before there is one. */
import { viewJob } from '../aws/jobs/job-view.ts';
import { hasEnded, type Job } from '../contract/job.ts';
import { retryAfterSeconds } from '../domain/job/retry-after.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { type Call, noSuchJob } from './route.ts';

/** Of a job that is not over: when to look again. */
export function retryAfter({ services }: Call, job: Job): Record<string, string> {
  return hasEnded(job.status) ? {} : { 'retry-after': String(retryAfterSeconds(job, services.clock.nowMs())) };
}

export async function jobAnswer(call: Call, id: string): Promise<Answer> {
  const job = await viewJob(call.services, id);
  if (job === undefined) throw noSuchJob(id);
  return json(200, job, retryAfter(call, job));
}

/** For the answer itself to get out, and for what was started before it to be told. */
const spareMs = 2_000;

/** The job once it has ended or the time is over; undefined where nobody could wait. */
export async function waited({ services, deadlineMs }: Call, id: string, seconds: number, withResults: boolean): Promise<Job | undefined> {
  // Without reserved concurrency nothing would cap how many wait at once, and they would take the account's.
  if (!services.stage.settings.reserveOwnConcurrency) return undefined;
  const leftSeconds = Math.min(seconds, (deadlineMs - services.clock.nowMs() - spareMs) / 1_000);
  if (leftSeconds < 0.1) return undefined;
  return services.waits.wait({ job: id, seconds: leftSeconds, withResults });
}
