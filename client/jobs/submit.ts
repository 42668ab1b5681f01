/** Submits a job; what comes of it is the API's word. */
import { randomUUID } from 'node:crypto';
import { hasEnded, Job, JobAccepted } from '../../lambdas/contract/job.ts';
import type { Answer } from '../api/api.ts';
import { type Placing, placeTasks } from '../upload/place-tasks.ts';
import type { Submission } from './submission.ts';

/** At once, however large the job is: nothing is waited for. */
export async function submitJob(placing: Placing, submission: Submission): Promise<JobAccepted> {
  return (await posted(placing, submission, 'respond-async')).body;
}

/** The job where it has ended within those seconds, else its id. */
export async function submitAndLook(placing: Placing, submission: Submission, waitSeconds: number): Promise<Job | string> {
  const { body } = await posted(placing, submission, `wait=${waitSeconds}`);
  const job = Job.safeParse(body).data;
  return job && hasEnded(job.status) ? job : body.id;
}

/** With a key of its own each call, so that a try whose answer was lost makes no second job. */
async function posted({ api, ...placing }: Placing, submission: Submission, prefer: string): Promise<Answer<JobAccepted>> {
  const { tasks: _tasks, file: _file, ...request } = submission;
  const placed = await placeTasks({ api, ...placing }, submission);
  const { idempotencyKey, signal } = placing.options;
  const headers = { prefer, 'idempotency-key': idempotencyKey ?? randomUUID() };
  return api.call('submitJob', JobAccepted.loose(), { headers, body: { ...request, ...placed }, signal });
}
