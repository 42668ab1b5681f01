/** Submits a job; what comes of it is the API's word. */
import { randomUUID } from 'node:crypto';
import { hasEnded, Job, JobAccepted } from '../../lambdas/contract/job.ts';
import { Explanation } from '../../lambdas/contract/lease-api.ts';
import type { Answer, Api } from '../api/api.ts';
import { SluiceClientError } from '../errors.ts';
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

/** What would become of it. A job of tasks is placed by nobody: it is refused before anything is read or uploaded. */
export async function dryRun(api: Api, submission: Submission, signal: AbortSignal | undefined): Promise<Explanation> {
  const { tasks, file, ...body } = submission;
  if (tasks !== undefined || file !== undefined)
    throw new SluiceClientError('A dry run is of a job that states needs: give its task as body, not as tasks or file.');
  return (await api.call('submitJob', Explanation, { query: { dryRun: 'true' }, body, signal })).body;
}

/** With a key of its own each call, so that a try whose answer was lost makes no second job. */
async function posted({ api, ...placing }: Placing, submission: Submission, prefer: string): Promise<Answer<JobAccepted>> {
  const { tasks: _tasks, file: _file, ...request } = submission;
  const placed = await placeTasks({ api, ...placing }, submission);
  const { idempotencyKey, signal } = placing.options;
  const headers = { prefer, 'idempotency-key': idempotencyKey ?? randomUUID() };
  return api.call('submitJob', JobAccepted.loose(), { headers, body: { ...request, ...placed }, signal });
}
