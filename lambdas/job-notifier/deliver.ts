/**
 * One try to deliver an event: to the topic, then to the job's webhook, each noted on its own, and the row goes when both
 * have it. At least once: what dies between a delivery and its note delivers again, under the same id and byte for byte.
 */
import type { JobServices } from '../aws/jobs/job-services.ts';
import type { JobsTopic } from '../aws/jobs/topic.ts';
import type { EventHint } from '../contract/job-messages.ts';
import type { JobRow, OutboxRow } from '../contract/job-table.ts';
import { eventAttributes, jobEvent } from '../domain/job/event.ts';
import { delayAfter, mostWebhookTries } from '../domain/job/event-tries.ts';
import { apiView } from '../domain/job/view.ts';
import { errorFields } from '../framework/log.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import type { Posted } from './post-webhook.ts';

export interface Notifier extends Pick<JobServices, 'jobs' | 'outbox' | 'clock' | 'log'> {
  publish: JobsTopic;
  post: (target: string, event: string, body: string) => Promise<Posted>;
  addWarning: (job: string, warning: string) => Promise<void>;
}

/** As long as the function may run: nobody else begins a try that long. */
const tryMs = 60_000;
/** Clocks of two machines need not agree. */
const slackMs = 1_000;

export async function deliver(notifier: Notifier, { event }: EventHint): Promise<Outcome> {
  const { jobs, outbox, clock, log } = notifier;
  const row = await outbox.get(event);
  if (row === undefined) return done;
  const waitMs = (row.nextTryMs ?? 0) - clock.nowMs();
  if (waitMs > slackMs) return again(Math.ceil(waitMs / 1_000));
  const seen = await jobs.look(row.job);
  if (seen === undefined) {
    log.warn('event of a job that is gone', { job: row.job, event });
    await outbox.remove(event);
    return done;
  }
  const payload = row.payload ?? JSON.stringify(jobEvent(row, apiView(seen.row, seen.counts, clock.nowMs())));
  const mine = await outbox.begin(row, payload, clock.nowMs() + tryMs);
  return mine === undefined ? again(tryMs / 1_000) : tryBoth(notifier, mine, payload, seen.row);
}

async function tryBoth(notifier: Notifier, row: OutboxRow, payload: string, job: JobRow): Promise<Outcome> {
  const { outbox, clock, log } = notifier;
  const published = row.published || (await toTopic(notifier, row, payload, job));
  const posted = row.posted || job.webhook === undefined || (await toWebhook(notifier, row, payload, job.webhook.url));
  if (published && posted) {
    await outbox.remove(row.event);
    log.info('event delivered', { job: row.job, event: row.event, tries: row.attempts });
    return done;
  }
  const seconds = delayAfter(row.attempts);
  await outbox.note(row, { posted, nextTryMs: clock.nowMs() + seconds * 1_000 });
  return again(seconds);
}

/** Noted at once: the webhook takes its time, and the function may die over it. */
async function toTopic({ publish, outbox, log }: Notifier, row: OutboxRow, payload: string, job: JobRow): Promise<boolean> {
  try {
    await publish(payload, eventAttributes(row, job));
  } catch (error) {
    log.error('event not published', { job: row.job, event: row.event, tries: row.attempts, ...errorFields(error) });
    return false;
  }
  await outbox.note(row, { published: true });
  return true;
}

/** True where it has it, and where it was given up: the job says so then. */
async function toWebhook({ post, addWarning, log }: Notifier, row: OutboxRow, payload: string, url: string): Promise<boolean> {
  const posted = await post(url, row.event, payload);
  if (posted.kind === 'accepted') return true;
  const fields = { job: row.job, event: row.event, tries: row.attempts, host: hostOf(url), why: posted.why };
  if (posted.kind === 'failed' && row.attempts < mostWebhookTries) {
    log.warn('webhook failed', fields);
    return false;
  }
  log.error('webhook given up', fields);
  await addWarning(row.job, givenUp(row, posted.why));
  return true;
}

const givenUp = ({ event, attempts }: OutboxRow, why: string) =>
  `webhook of ${event} given up after ${attempts === 1 ? 'one try' : `${attempts} tries`}: ${why}`;

/** The rest of a URL may hold what only its receiver is to know. */
const hostOf = (url: string) => URL.parse(url)?.host ?? 'no URL';
