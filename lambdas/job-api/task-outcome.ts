/** What a callback says of a task → its row. A result too large for the row goes into the data bucket. */
import { attemptFailed } from '../aws/jobs/function-attempts.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { putObject } from '../aws/jobs/put-object.ts';
import type { Applied } from '../aws/jobs/task-rows.ts';
import { resultsPrefix } from '../contract/data-bucket.ts';
import { hasEnded, type TaskError, type TaskResult } from '../contract/job.ts';
import type { JobRow } from '../contract/job-table.ts';
import { inlineResultBytes } from '../contract/task-wire.ts';
import type { TaskEnd } from '../domain/job/task-end.ts';
import type { Attempt } from '../domain/job/token.ts';

export async function takeOutcome(services: JobServices, row: JobRow, attempt: Attempt, said: TaskResult): Promise<Applied> {
  if (said.status === 'failed') return attemptFailed(services, withoutRetries(row), attempt, errorOf(said));
  const { n, id, life, attempt: spent } = attempt;
  const result = said.result === undefined ? {} : await kept(services, row.job, attempt, JSON.stringify(said.result));
  return services.tasks.applyOne(row.job, { n, id, status: 'done', life, attempt: spent, ...result, atMs: services.clock.nowMs() });
}

/** Nothing of a job that has ended is tried again. */
const withoutRetries = (row: JobRow): JobRow => (hasEnded(row.status) ? { ...row, maxRetries: 0 } : row);

const errorOf = ({ class: named = 'TRANSIENT', message, step }: Extract<TaskResult, { status: 'failed' }>): TaskError => ({
  class: named,
  message,
  ...(step === undefined ? {} : { step }),
});

export async function kept(
  services: JobServices,
  job: string,
  { n, life }: Pick<Attempt, 'n' | 'life'>,
  text: string,
): Promise<Pick<TaskEnd, 'result' | 'resultKey'>> {
  const { clients, stage, newId } = services;
  const body = Buffer.from(text);
  if (body.length <= inlineResultBytes) return { result: text };
  // A name of its own, so that a word that does not count replaces nothing.
  const resultKey = `${resultsPrefix}${job}/${n}-${life}-${newId()}.json`;
  await putObject(clients.s3, { bucket: stage.dataBucket, key: resultKey, body, type: 'application/json' });
  return { resultKey };
}
