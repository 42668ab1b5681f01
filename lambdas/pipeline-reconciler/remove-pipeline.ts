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
import type { Action } from '../domain/actions.ts';
import { desiredPipeline } from '../domain/desired.ts';
import { type DrainVerdict, decideDrain, isDue } from '../domain/drain.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import type { Observed, ObservedQueue } from '../domain/observed.ts';
import { planLimits } from '../domain/plan-limits.ts';
import { planFormerQueueRemoval, planRemoval, type RemovalMode } from '../domain/plan-removal.ts';
import { deniesSending, queuePolicy } from '../domain/queue-policy.ts';
import { keptMessage, nextRow, without } from '../domain/status.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { countRollout } from './count-rollout.ts';
import { giveRoomBack } from './hint-next.ts';
import type { Look } from './look.ts';

export async function removePipeline(look: Look): Promise<Outcome> {
  const { services, row, taskGroup } = look;
  if (row) await countRollout(look, row, 'skipped');
  if (row && removalMode(look) === 'drain' && isBetweenLooks(look)) return done;
  const observed = await observePipeline(services, look.lambda, { taskGroup, fifo: wasFifo(row), former: true, row });
  if (row === undefined && isEmpty(observed)) {
    // A look that was cut off may have asked for room before it wrote a row.
    await giveRoomBack(look);
    return done;
  }
  if (removalMode(look) === 'discard') return takeAway(look, observed, { why: 'discarded', keepDeadLetters: () => false });
  return drain(look, observed);
}

/** Hints that come while a drain waits for its next look have nothing to add to it. */
function isBetweenLooks({ services: { clock, stage }, row }: Look): boolean {
  return row?.drain !== undefined && !isDue(row.drain, clock.nowMs(), stage.settings.drainLookSeconds);
}

/** What the group said when it was there; a stage that discards does so for all. */
function removalMode({ going, row }: Look): 'drain' | 'discard' {
  return going?.mode === 'discard' || row?.effective?.onDelete === 'discard' ? 'discard' : 'drain';
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

async function drain(look: Look, seen: Observed): Promise<Outcome> {
  const observed = await endCooling(look, seen);
  const sources = [observed.queue, observed.formerQueue].filter((queue) => queue !== undefined);
  const deadLetterQueues = [observed.deadLetterQueue, observed.formerDeadLetterQueue].filter((queue) => queue !== undefined);
  await denySending(look, sources);
  if (observed.queue && observed.formerQueue) return drainFormer(look, observed, observed.formerQueue);
  const [source] = sources;
  if (!source) return watchDeadLetters(look, observed, deadLetterQueues);

  const verdict = lookAt(look, source, deadLetterQueues, workedOff(observed, source));
  if (verdict.kind === 'drained') {
    const keepDeadLetters = (queue: ObservedQueue) => verdict.keepDeadLetters && (queue.messages > 0 || deadLetterQueues.length === 1);
    return takeAway(look, observed, { why: 'drained', keepDeadLetters });
  }
  if (verdict.kind === 'early') return done;
  await look.save(nextRow(look.row, look.taskGroup, 'Draining', verdict.message, look.now(), { drain: verdict.state, attempts: 0 }));
  return verdict.kind === 'stuck' ? done : again(verdict.againSeconds);
}

/** Removed while its queue was being replaced: the former queue goes first, then the new one gets its mapping and is drained as any. */
async function drainFormer(look: Look, observed: Observed, former: ObservedQueue): Promise<Outcome> {
  const deadLetterQueues = observed.formerDeadLetterQueue ? [observed.formerDeadLetterQueue] : [];
  const verdict = lookAt(look, former, deadLetterQueues, workedOff(observed, former));
  if (verdict.kind === 'early') return done;
  if (verdict.kind !== 'drained') {
    await look.save(
      nextRow(look.row, look.taskGroup, 'Draining', `the former queue: ${verdict.message}`, look.now(), {
        drain: verdict.state,
        attempts: 0,
      }),
    );
    return verdict.kind === 'stuck' ? done : again(verdict.againSeconds);
  }
  const removal = planFormerQueueRemoval(observed, (queue) => verdict.keepDeadLetters || queue.messages > 0);
  const mapping = planOwnMapping(look, { ...observed, mappings: observed.mappings.filter(({ queueName }) => queueName !== former.name) });
  await applyPlan(look.services, look.lambda, [...removal.actions, ...mapping], look.checkTime);
  await look.save(
    nextRow(look.row, look.taskGroup, 'Draining', 'the former queue is drained, sending is denied', look.now(), { attempts: 0 }),
  );
  return again(0);
}

/** A mapping that was disabled for a cooling works the queue off: who is removed cools no more. */
async function endCooling(look: Look, observed: Observed): Promise<Observed> {
  const { row } = look;
  if (!row?.limited?.mappingDisabled) return observed;
  await applyPlan(look.services, look.lambda, planMappings(look, observed), look.checkTime);
  await look.save(without(row, 'limited'));
  const enabled = row.effective?.paused !== true;
  return { ...observed, mappings: observed.mappings.map((mapping) => ({ ...mapping, enabled })) };
}

const planOwnMapping = (look: Look, { formerQueue: _drained, ...observed }: Observed) => planMappings(look, observed);

/** As the group last wished it. */
function planMappings({ row, services: { stage } }: Look, observed: Observed): Action[] {
  const last = effectiveItem(row?.effective, undefined, stage);
  if (!last.valid || !observed.function) return [];
  const { before, concurrency, after } = planLimits(desiredPipeline(last.item, row?.release?.version, stage), observed);
  return [...before, ...concurrency, ...after];
}

/** All that is left are dead letters: kept until somebody has redriven or purged them. */
async function watchDeadLetters(look: Look, observed: Observed, left: ObservedQueue[]): Promise<Outcome> {
  const [watched] = left;
  const verdict = watched && lookAt(look, watched, left, { workedOff: false }, count(left));
  if (!verdict || verdict.kind === 'drained') return takeAway(look, observed, { why: 'drained', keepDeadLetters: () => false });
  if (verdict.kind === 'early') return done;
  await look.save(keptRow(look, left, verdict.state));
  return verdict.kind === 'stuck' ? done : again(verdict.againSeconds);
}

function keptRow(look: Look, kept: ObservedQueue[], drain?: DrainState): PipelineRow {
  return nextRow(look.row, look.taskGroup, 'Deleting', keptMessage(kept.map((queue) => queue.name)), look.now(), {
    resources: kept[0] ? { deadLetterQueueUrl: kept[0].url } : {},
    keptDeadLetterQueues: kept.map((queue) => queue.url),
    attempts: 0,
    ...(drain ? { drain } : {}),
  });
}

const count = (queues: ObservedQueue[]) => queues.reduce((sum, queue) => sum + queue.messages, 0);

type Work = { workedOff: boolean; idleBecause?: string };

function lookAt(look: Look, queue: ObservedQueue, deadLetterQueues: ObservedQueue[], work: Work, messages = queue.messages): DrainVerdict {
  const { clock, stage } = look.services;
  const lookSeconds = stage.settings.drainLookSeconds;
  return decideDrain(look.row?.drain, {
    nowMs: clock.nowMs(),
    queueUrl: queue.url,
    messages,
    deadLetters: count(deadLetterQueues),
    lookSeconds,
    ...work,
  });
}

function workedOff(observed: Observed, source: ObservedQueue): Work {
  const resume = 'write the item again to resume it, or with onDelete: discard and remove it to drop them';
  if (!observed.function) return { workedOff: false, idleBecause: `the group has no code; ${resume}` };
  const enabled = observed.mappings.some((mapping) => mapping.enabled !== false && mapping.queueName === source.name);
  return enabled ? { workedOff: true } : { workedOff: false, idleBecause: `the group is paused; ${resume}` };
}

async function denySending(look: Look, sources: ObservedQueue[]): Promise<void> {
  const { clients, stage } = look.services;
  for (const queue of sources.filter(({ attributes }) => !deniesSending(attributes.Policy))) {
    await queues.setQueueAttributes(clients.sqs, queue.url, { Policy: queuePolicy(queueArn(stage, queue.name), 'draining') });
  }
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
  await giveRoomBack(look);
  if (kept.length === 0) {
    await services.pipelines.delete(taskGroup);
    look.row = undefined;
    return done;
  }
  await look.save(keptRow(look, kept));
  return done;
}
