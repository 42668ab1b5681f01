/** A batch of words about tasks, by job: each job's are counted together, and a job that fails fails alone. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { followUp } from '../aws/jobs/follow-up.ts';
import { attemptFailed } from '../aws/jobs/function-attempts.ts';
import type { JobServices } from '../aws/jobs/job-services.ts';
import { attemptOf } from '../domain/job/token.ts';
import { isPlaced } from '../domain/placement/placed-job.ts';
import { errorFields } from '../framework/log.ts';
import { type LeasedWord, takePlaced } from './placed-word.ts';
import { type FailedInvocation, readWord } from './read-word.ts';

interface JobWords {
  records: SQSRecord[];
  ends: LeasedWord[];
  failed: FailedInvocation[];
}

export function createProgress(services: JobServices) {
  const { log } = services;
  return async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const byJob = new Map<string, JobWords>();
    for (const record of Records) {
      const word = readWord(record.body);
      // Nobody can make anything of it, however often it comes: it is told, and done with.
      if ('problem' in word) log.error('not a word about a task', { messageId: record.messageId, problem: word.problem });
      else wordsOf(byJob, word.job, record).push(word);
    }
    const failures = await Promise.all(
      [...byJob].map(async ([job, words]) => {
        try {
          await take(services, job, words);
          return [];
        } catch (error) {
          log.error('words about tasks not taken', { job, ...errorFields(error) });
          return words.records.map(({ messageId }) => ({ itemIdentifier: messageId }));
        }
      }),
    );
    return { batchItemFailures: failures.flat() };
  };
}

function wordsOf(byJob: Map<string, JobWords>, job: string, record: SQSRecord) {
  const words = byJob.get(job) ?? { records: [], ends: [], failed: [] };
  byJob.set(job, words);
  words.records.push(record);
  return {
    push(word: LeasedWord | { failed: FailedInvocation }) {
      if ('end' in word) words.ends.push(word);
      else words.failed.push(word.failed);
    },
  };
}

async function take(services: JobServices, job: string, { ends: words, failed }: JobWords): Promise<void> {
  const row = await services.jobs.get(job);
  if (row === undefined) {
    services.log.warn('words about a job that is not there', { job, words: words.length + failed.length });
    return;
  }
  if (isPlaced(row)) return takePlaced(services, row, words);
  const ends = words.map(({ end }) => end);
  // A number beyond the job's last is nobody's task: it must not count as one.
  const known = ends.filter(({ n }) => row.total === undefined || n <= row.total);
  if (known.length < ends.length) services.log.error('words about tasks the job does not have', { job, total: row.total });
  if (known.length > 0) await services.tasks.apply(job, known);
  for (const { n, token, error } of failed) {
    const attempt = attemptOf(row.tokenKey, n, token);
    if (attempt === undefined) services.log.warn('a failed invocation without a token of its task', { job, n });
    else await attemptFailed(services, row, attempt, error);
  }
  await followUp(services, job);
}
