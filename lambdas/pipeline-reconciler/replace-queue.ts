/**
 * `queue.fifo` cannot be changed in place: the new queue takes tasks at once, the old one is drained, and only then
 * does the mapping move over, so that the group's limit and order hold throughout.
 */
import { type Applied, applyPlan } from '../aws/apply-plan.ts';
import * as queues from '../aws/queues.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { queueArn } from '../contract/stage.ts';
import { type DrainVerdict, decideDrain } from '../domain/drain.ts';
import type { Observed, ObservedQueue } from '../domain/observed.ts';
import { planFormerQueueRemoval } from '../domain/plan-removal.ts';
import { deniesSending, queuePolicy } from '../domain/queue-policy.ts';
import { nextRow } from '../domain/status.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { wished } from './finished-row.ts';
import type { Look } from './look.ts';
import type { Wish } from './wish.ts';

export async function replaceQueue(look: Look, wish: Wish, observed: Observed, former: ObservedQueue, applied: Applied): Promise<Outcome> {
  const { services, taskGroup } = look;
  if (!deniesSending(former.attributes.Policy)) {
    await queues.setQueueAttributes(services.clients.sqs, former.url, {
      Policy: queuePolicy(queueArn(services.stage, former.name), 'draining'),
    });
  }
  // The plan that was just applied saw to the former queue's mapping.
  const enabled = wish.desired.mapping.enabled && (observed.function !== undefined || applied.codeSha256 !== undefined);
  const verdict = lookAt(
    look,
    former,
    observed.formerDeadLetterQueue?.messages ?? 0,
    enabled,
    wish.cooling.disables ? 'the group cools down' : 'the group is paused or has no code: resume it',
  );
  if (verdict.kind === 'drained') {
    const { actions } = planFormerQueueRemoval(observed, (queue) => verdict.keepDeadLetters || queue.messages > 0);
    await applyPlan(services, look.lambda, actions, look.checkTime);
    await look.save(
      nextRow(look.row, taskGroup, 'Updating', `the former queue is drained; the mapping moves to ${wish.desired.queue.name}`, look.now(), {
        attempts: 0,
      }),
    );
    return again(0);
  }
  const { row } = look;
  if (verdict.kind === 'early') {
    if (row && row.phase !== 'Draining')
      await look.save(
        nextRow(row, taskGroup, 'Draining', 'replacing the queue as queue.fifo changed', look.now(), row.drain ? { drain: row.drain } : {}),
      );
    return done;
  }
  const queueUrl = observed.queue?.url ?? applied.queueUrls[wish.desired.queue.name];
  const message = `replacing the queue as queue.fifo changed: ${verdict.message}; new tasks wait in ${queueUrl}`;
  await look.save(nextRow(look.row, taskGroup, 'Draining', message, look.now(), { ...wished(wish), drain: verdict.state, attempts: 0 }));
  return verdict.kind === 'stuck' ? done : again(verdict.againSeconds);
}

/** A dead-letter queue of the former kind stays while it holds something; `row` says so, and the sweep looks again. */
export async function tendFormerDeadLetters(look: Look, row: PipelineRow, former: ObservedQueue | undefined): Promise<PipelineRow> {
  if (!former) return row;
  const verdict = lookAt(look, former, 0, false, 'they are dead letters');
  if (verdict.kind === 'drained') {
    await queues.deleteQueue(look.services.clients.sqs, former.url);
    const { keptDeadLetterQueues: _gone, ...rest } = row;
    return rest;
  }
  const drain = verdict.kind === 'early' ? look.row?.drain : verdict.state;
  return { ...row, ...(drain ? { drain } : {}), keptDeadLetterQueues: [former.url] };
}

function lookAt(look: Look, queue: ObservedQueue, deadLetters: number, workedOff: boolean, idleBecause: string): DrainVerdict {
  const { clock, stage } = look.services;
  return decideDrain(look.row?.drain, {
    nowMs: clock.nowMs(),
    queueUrl: queue.url,
    messages: queue.messages,
    deadLetters,
    workedOff,
    idleBecause,
    lookSeconds: stage.settings.drainLookSeconds,
  });
}
