/**
 * One try to deliver an event: to the topics, then to the job's webhook, each noted on its own, and the row goes when all
 * have it. At least once: what dies between a delivery and its note delivers again, under the same id and byte for byte.
 */

import type { JobServices } from '../aws/jobs/job-services.ts';
import { leaseOf } from '../aws/jobs/job-view.ts';
import type { JobsTopic } from '../aws/jobs/topic.ts';
import { hasEnded } from '../contract/job.ts';
import type { EventHint } from '../contract/job-messages.ts';
import type { JobRow, OutboxRow } from '../contract/job-table.ts';
import { eventAttributes, eventsBefore, jobEvent } from '../domain/job/event.ts';
import { delayAfter, mostWebhookTries } from '../domain/job/event-tries.ts';
import { apiView } from '../domain/job/view.ts';
import { errorFields } from '../framework/log.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import type { Posted } from './post-webhook.ts';

export interface Notifier extends Pick<JobServices, 'jobs' | 'outbox' | 'placement' | 'clock' | 'log'> {
  publish: JobsTopic;
  /** To the FIFO topic. */
  publishInOrder: JobsTopic;
  post: (target: string, event: string, body: string) => Promise<Posted>;
  addWarning: (job: string, warning: string) => Promise<void>;
}

/** As long as the function may run: nobody else begins a try that long. */
const tryMs = 60_000;
/** Clocks of two machines need not agree. */
const slackMs = 1_000;
/** The event before is being delivered at the moment. */
const turnSeconds = 1;

export async function deliver(notifier: Notifier, { event }: EventHint): Promise<Outcome> {
  const { jobs, outbox, clock, log } = notifier;
  const row = await outbox.get(event);
  if (row === undefined) return done;
  const waitMs = (row.nextTryMs ?? 0) - clock.nowMs();
  if (waitMs > slackMs) return again(Math.ceil(waitMs / 1_000));
  const turn = row.ordered ? done : await afterThoseBefore(notifier, row);
  if (turn.kind === 'again') return turn;
  const seen = await jobs.look(row.job);
  if (seen === undefined) {
    log.warn('event of a job that is gone', { job: row.job, event });
    await outbox.remove(event);
    return done;
  }
  const payload = row.payload ?? (await payloadOf(notifier, row, seen));
  const mine = await outbox.begin(row, payload, clock.nowMs() + tryMs);
  return mine === undefined ? again(tryMs / 1_000) : tryAll(notifier, mine, payload, seen.row);
}

/** Its turn has come once those before have had theirs. Whose hint was lost is delivered first. */
async function afterThoseBefore(notifier: Notifier, row: OutboxRow): Promise<Outcome> {
  for (const event of eventsBefore(row)) {
    const before = await notifier.outbox.get(event);
    if (before === undefined || before.ordered) continue;
    const came = await deliver(notifier, { job: row.job, event });
    const now = await notifier.outbox.get(event);
    if (now === undefined || now.ordered) continue;
    return again(came.kind === 'again' && now.attempts > 1 ? came.seconds + turnSeconds : turnSeconds);
  }
  return done;
}

type Seen = NonNullable<Awaited<ReturnType<JobServices['jobs']['look']>>>;

async function payloadOf(notifier: Notifier, row: OutboxRow, seen: Seen): Promise<string> {
  const view = apiView(seen.row, seen.counts, notifier.clock.nowMs(), await leaseOf(notifier, seen.row));
  return JSON.stringify(jobEvent(row, view));
}

async function tryAll(notifier: Notifier, row: OutboxRow, payload: string, job: JobRow): Promise<Outcome> {
  const { outbox, clock, log } = notifier;
  const published = row.published || (await toTopic(notifier, row, payload, job, 'published'));
  const ordered = row.ordered || (await toTopic(notifier, row, payload, job, 'ordered'));
  // A webhook is told of ends alone.
  const isPosted = row.posted || job.webhook === undefined || !hasEnded(row.status);
  const posted = isPosted || (await toWebhook(notifier, row, payload, job.webhook?.url ?? ''));
  if (published && ordered && posted) {
    await outbox.remove(row.event);
    log.info('event delivered', { job: row.job, event: row.event, tries: row.attempts });
    return done;
  }
  const seconds = delayAfter(row.attempts);
  await outbox.note(row, { posted, nextTryMs: clock.nowMs() + seconds * 1_000 });
  return again(seconds);
}

/** Noted at once: the webhook takes its time, and the function may die over it. */
async function toTopic(notifier: Notifier, row: OutboxRow, payload: string, job: JobRow, topic: 'published' | 'ordered'): Promise<boolean> {
  const { publish, publishInOrder, outbox, log } = notifier;
  const attributes = eventAttributes(row, job);
  try {
    if (topic === 'published') await publish(payload, attributes);
    else await publishInOrder(payload, attributes, { group: row.job, id: row.event });
  } catch (error) {
    log.error('event not published', { job: row.job, event: row.event, tries: row.attempts, topic, ...errorFields(error) });
    return false;
  }
  await outbox.note(row, { [topic]: true });
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
