/**
 * Takes a pipeline away whose item is gone (or expired, or whose stage goes): drains it first unless told to discard. A
 * dead-letter queue that holds something is kept, and the row with it.
 */
import { applyPlan } from '../aws/apply-plan.ts';
import { observePipeline } from '../aws/observe-pipeline.ts';
import * as queues from '../aws/queues.ts';
import { pipelineNames } from '../contract/names.ts';
import type { DrainState, PipelineRow } from '../contract/pipeline-row.ts';
import { queueArn } from '../contract/stage.ts';
import { decideDrain } from '../domain/drain.ts';
import type { Observed, ObservedQueue } from '../domain/observed.ts';
import { planRemoval, type RemovalMode } from '../domain/plan-removal.ts';
import { deniesSending, queuePolicy } from '../domain/queue-policy.ts';
import { keptMessage, nextRow } from '../domain/status.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { countRollout } from './count-rollout.ts';
import { hintNext } from './hint-next.ts';
import type { Look } from './look.ts';

export async function removePipeline(look: Look): Promise<Outcome> {
  const { services, row, taskGroup } = look;
  const observed = await observePipeline(services, look.lambda, { taskGroup, fifo: wasFifo(row), former: true, row });
  if (row === undefined && isEmpty(observed)) return done;
  if (row) await countRollout(look, row, 'skipped');
  if (removalMode(look) === 'discard') return takeAway(look, observed, { why: 'discarded', keepDeadLetters: () => false });
  return drain(look, observed);
}

/** What the group said when it was there; a stage that goes decides for all. */
function removalMode({ going, row }: Look): 'drain' | 'discard' {
  return going?.mode ?? (row?.effective?.onDelete === 'discard' ? 'discard' : 'drain');
}

function wasFifo(row: PipelineRow | undefined): boolean {
  const queue = row?.effective?.queue;
  return typeof queue === 'object' && queue !== null && 'fifo' in queue && queue.fifo === true;
}

const isEmpty = (observed: Observed) =>
  !observed.function &&
  !observed.queue &&
  !observed.deadLetterQueue &&
  !observed.formerQueue &&
  !observed.formerDeadLetterQueue &&
  observed.mappings.length === 0;

async function drain(look: Look, observed: Observed): Promise<Outcome> {
  const sources = [observed.queue, observed.formerQueue].filter((queue) => queue !== undefined);
  const deadLetterQueues = [observed.deadLetterQueue, observed.formerDeadLetterQueue].filter((queue) => queue !== undefined);
  await denySending(look, sources);
  const watched = sources[0] ?? deadLetterQueues[0];
  if (!watched) return takeAway(look, observed, { why: 'drained', keepDeadLetters: () => false });

  const verdict = decideDrain(look.row?.drain, {
    nowMs: look.services.clock.nowMs(),
    queueUrl: watched.url,
    messages: count(sources.length > 0 ? sources : deadLetterQueues),
    deadLetters: count(deadLetterQueues),
    lookSeconds: look.services.stage.settings.drainLookSeconds,
    ...workedOff(observed, sources),
  });
  if (verdict.kind === 'drained') {
    const kept = sources.length > 0 && verdict.keepDeadLetters;
    return takeAway(look, observed, {
      why: 'drained',
      keepDeadLetters: (queue) => kept && (queue.messages > 0 || deadLetterQueues.length === 1),
    });
  }
  const phase = sources.length > 0 ? 'Draining' : 'Deleting';
  const message = sources.length > 0 ? verdict.message : keptMessage(deadLetterQueues.map((queue) => queue.name));
  await saveDrain(look, phase, message, verdict.state);
  return verdict.kind === 'stuck' ? done : again(verdict.againSeconds);
}

const count = (queues: ObservedQueue[]) => queues.reduce((sum, queue) => sum + queue.messages, 0);

function workedOff(observed: Observed, sources: ObservedQueue[]): { workedOff: boolean; idleBecause?: string } {
  if (sources.length === 0) return { workedOff: false, idleBecause: 'they are dead letters' };
  const resume = 'write the item again to resume it, or with onDelete: discard and remove it to drop them';
  if (!observed.function) return { workedOff: false, idleBecause: `the group has no code; ${resume}` };
  if (!observed.mappings.some((mapping) => mapping.enabled)) return { workedOff: false, idleBecause: `the group is paused; ${resume}` };
  return { workedOff: true };
}

async function denySending(look: Look, sources: ObservedQueue[]): Promise<void> {
  const { clients, stage } = look.services;
  for (const queue of sources.filter(({ attributes }) => !deniesSending(attributes.Policy))) {
    await queues.setQueueAttributes(clients.sqs, queue.url, { Policy: queuePolicy(queueArn(stage, queue.name), 'draining') });
  }
}

async function saveDrain(look: Look, phase: 'Draining' | 'Deleting', message: string, drain: DrainState): Promise<void> {
  await look.save(nextRow(look.row, look.taskGroup, phase, message, look.now(), { drain, attempts: 0 }));
}

async function takeAway(look: Look, observed: Observed, mode: RemovalMode): Promise<Outcome> {
  const { services, taskGroup } = look;
  const { function: functionName } = pipelineNames(services.stage.settings.prefix, taskGroup, false);
  const { actions, kept } = planRemoval(functionName, observed, mode);
  if (actions.length > 0)
    await look.save(
      nextRow(look.row, taskGroup, 'Deleting', `being ${mode.why}`, look.now(), look.row?.drain ? { drain: look.row.drain } : {}),
    );
  await applyPlan(services, look.lambda, actions, look.checkTime);
  const { next } = await services.reservations.settle(look.lambda.paced, taskGroup, 0);
  await hintNext(look, next);
  if (kept.length === 0) {
    await services.pipelines.delete(taskGroup);
    look.row = undefined;
    return done;
  }
  const [first] = kept;
  const resources = first ? { deadLetterQueueUrl: first.url } : {};
  await look.save(
    nextRow(look.row, taskGroup, 'Deleting', keptMessage(kept.map((queue) => queue.name)), look.now(), {
      resources,
      keptDeadLetterQueues: kept.map((queue) => queue.url),
    }),
  );
  return done;
}
