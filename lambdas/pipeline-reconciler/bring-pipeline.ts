/**
 * Brings a group with a valid item to its wish: observe → plan → room → apply → status. A hint whose wish and release
 * were applied already ends before the first call outside our tables.
 */
import { type Applied, applyPlan } from '../aws/apply-plan.ts';
import { uploadedCode } from '../aws/code-bucket.ts';
import { observeFunction } from '../aws/functions.ts';
import { observePipeline } from '../aws/observe-pipeline.ts';
import { canonicalJson } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { pipelineTags, type Tags } from '../contract/tags.ts';
import type { Action } from '../domain/actions.ts';
import { type DesiredPipeline, desiredPipeline, wishHash } from '../domain/desired.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import type { EffectiveItem } from '../domain/item.ts';
import { afterStep, stepTowards } from '../domain/limit-change.ts';
import type { Observed } from '../domain/observed.ts';
import { planPipeline, withoutRoom } from '../domain/plan.ts';
import { proofOf } from '../domain/plan-function.ts';
import { meetsChangingMapping } from '../domain/plan-limits.ts';
import { chooseRelease } from '../domain/release-choice.ts';
import { recordedCode, waitingForCodeMessage } from '../domain/status.ts';
import { again, done, type Outcome, sooner } from '../framework/sqs-batch.ts';
import { askForWatch, coolingOf, noteCooling, watched } from './cooling.ts';
import { countRollout } from './count-rollout.ts';
import { finishedRow, type Reached } from './finished-row.ts';
import { hintNext } from './hint-next.ts';
import type { Look } from './look.ts';
import { progressRow } from './progress-row.ts';
import { replaceQueue, tendFormerDeadLetters } from './replace-queue.ts';
import { swapCode } from './swap-code.ts';
import type { Wish } from './wish.ts';
import { comeBackAt, comeBackForRest, isWithheld, lookWhenSettled, unsettled } from './withheld.ts';

export async function bringPipeline(look: Look, item: EffectiveItem, warnings: string[]): Promise<Outcome> {
  const { row, services, hint } = look;
  const version = await releaseToRun(look, item);
  const pipeline = desiredPipeline(item, version, services.stage);
  const cooling = await coolingOf(look, item, pipeline.functionName);
  const desired = cooling.disables ? withoutPollers(pipeline) : pipeline;
  const wish: Wish = { item, warnings, desired, hash: wishHash(item, pipeline), cooling };
  const sameRelease = row?.release?.version === version && (version === undefined || row?.release?.codeKey === item.code.key);
  const applied = row !== undefined && row.appliedHash === wish.hash && (row.phase === 'Active' || row.phase === 'Paused');
  if (applied && sameRelease && version !== undefined && hint.class !== 'sweep' && !cooling.changesMapping) {
    await countRollout(look, row, 'done');
    return noteCooling(look, wish);
  }
  if (sameRelease && hint.class === 'change' && !cooling.changesMapping && isWithheld(look, wish)) return comeBackForRest(look);
  if (hint.class === 'rollout' && row && !cooling.changesMapping && knownAsWished(row, wish)) {
    const fn = await observeFunction(look.lambda.unpaced, services.stage.settings.prefix, desired.functionName);
    const swap = fn && (await withCode(look, wish, { function: fn, mappings: [] }));
    if (swap && !swap.waits) return swapCode(look, swap, row, fn);
  }
  const observed = reopened(await observe(look, item), row);
  const code = await withCode(look, wish, observed);
  const room = await withRoom(look, code, observed);
  return apply(look, room, observed, version);
}

const withoutPollers = (desired: DesiredPipeline): DesiredPipeline => ({ ...desired, mapping: { ...desired.mapping, enabled: false } });

async function releaseToRun({ services, row }: Pick<Look, 'services' | 'row'>, item: EffectiveItem): Promise<string | undefined> {
  const pinned = item.code.version;
  const pointer = pinned === undefined ? await services.releases.pointer(item.code.key) : undefined;
  return chooseRelease({ codeKey: item.code.key, pinned }, pointer, row?.release);
}

/** But for its release: a look at its function is enough then. `Updating`: a swap of its code is under way. */
const knownAsWished = (row: PipelineRow, wish: Wish) =>
  row.appliedHash === wish.hash && row.release !== undefined && ['Active', 'Paused', 'Updating'].includes(row.phase);

function observe(look: Look, item: EffectiveItem): Promise<Observed> {
  const { services, lambda, taskGroup, row, hint } = look;
  const { fifo } = item.queue;
  const former = row !== undefined && (hint.class === 'sweep' || hasOtherKind(row, fifo));
  return observePipeline(services, lambda, { taskGroup, fifo, former, row, tags: hint.class === 'sweep' ? undefined : appliedTags(look) });
}

/** What the queues carry where the last wish was applied in full; a sweep reads them, to find what was changed by hand. */
function appliedTags({ services, taskGroup, row }: Look): Tags | undefined {
  const last = row?.appliedHash === undefined ? undefined : effectiveItem(row.effective, undefined, services.stage);
  return last?.valid ? pipelineTags(services.stage.settings.prefix, taskGroup, last.item.tags) : undefined;
}

/** SQS may show attributes as they were a minute ago: the policy that a drain has set is set back whatever is seen. */
function reopened(observed: Observed, row: PipelineRow | undefined): Observed {
  const { queue } = observed;
  if (!queue || row?.drain?.queueUrl !== queue.url) return observed;
  const { Policy: _draining, ...attributes } = queue.attributes;
  return { ...observed, queue: { ...queue, attributes } };
}

const hasOtherKind = (row: PipelineRow, fifo: boolean) =>
  row.resources.queueUrl !== undefined && row.resources.queueUrl.endsWith('.fifo') !== fifo;

/** Leaves the code out of the wish where the version to run is not in the bucket: what runs goes on. */
async function withCode(look: Look, wish: Wish, observed: Observed): Promise<Wish> {
  const { code } = wish.desired;
  const { key } = wish.item.code;
  if (!code) return { ...wish, waits: { for: 'code', message: waitingForCodeMessage(key, undefined, observed.function !== undefined) } };
  if (observed.function?.code?.version === code.version && observed.function.code.key === code.key) return wish;
  if (await uploadedCode(look.services.clients.s3, look.services.stage.codeBucket, code.key, code.version)) return wish;
  const { code: _missing, ...desired } = wish.desired;
  return { ...wish, desired, waits: { for: 'code', message: waitingForCodeMessage(key, code.version, observed.function !== undefined) } };
}

/** Takes what the reservation needs from the ledger before AWS is asked; what falls is given back after. */
async function withRoom(look: Look, wish: Wish, observed: Observed): Promise<Wish> {
  const { reservations } = look.services;
  const wanted = wish.desired.code || observed.function ? (wish.desired.reservedConcurrency ?? 0) : 0;
  if (wanted <= (await reservations.heldBy(look.taskGroup))) return wish;
  const { verdict, next } = await reservations.settle(look.lambda.paced, look.taskGroup, wanted);
  await hintNext(look, next);
  if (verdict.granted) return wish;
  return { ...wish, desired: withoutRoom(wish.desired, observed), waits: { for: 'room', message: `waits for room: ${verdict.message}` } };
}

async function apply(look: Look, wish: Wish, observed: Observed, version: string | undefined): Promise<Outcome> {
  const { services } = look;
  const step = stepTowards(wish.desired, observed, look.row?.limits, services.clock.nowMs());
  const stepWish: Wish = { ...wish, desired: step.desired };
  const plan = planFor(await provenFor(look, stepWish, observed), look.row, stepWish, observed);
  if (meetsChangingMapping(plan, observed)) return lookWhenSettled(look, wish, step.memory);
  const unseen = unsettled(look, wish, plan, observed);
  // Before the first call: removing the group must find what a crash left half made.
  if (plan.length > 0 || look.row === undefined) await look.save(progressRow(look, wish, step.memory));
  // Whoever takes the stage away has seen this row or is seen here: nothing is made that nobody would remove.
  if (plan.length > 0 && (await services.stageState.going())) return again(0);
  const applied = await applyPlan(services, look.lambda, plan, look.checkTime);
  if (applied.provenFor && wish.desired.code) await rememberProof(look, wish, applied.provenFor);
  await giveBack(look, wish, step.desired);
  const { memory, waiting } = afterStep(wish.desired, step, plan, observed, services.clock.nowMs());
  if (observed.formerQueue) {
    const outcome = await replaceQueue(look, stepWish, observed, observed.formerQueue, applied);
    return sooner(outcome, comeBackAt(look, wish.cooling.disables ? wish.cooling.limited?.untilMs : undefined));
  }
  const reached = { limits: memory, waiting: waiting ?? unseen };
  return finish(look, stepWish, version, { observed, applied, reached, actions: plan.length });
}

interface Finish {
  observed: Observed;
  applied: Applied;
  reached: Reached;
  actions: number;
}

async function finish(
  look: Look,
  wish: Wish,
  version: string | undefined,
  { observed, applied, reached, actions }: Finish,
): Promise<Outcome> {
  const { services, taskGroup } = look;
  const { cooling, outcome } = watched(look, wish.cooling);
  const finished = finishedRow(look, { ...wish, cooling }, observed, applied, reached);
  const row = await tendFormerDeadLetters(look, finished, observed.formerDeadLetterQueue);
  if (actions > 0 || saysMore(row, look.row)) await look.save(row);
  await askForWatch(look, cooling);
  await countRollout(look, row, wish.waits ? 'skipped' : 'done');
  services.log.info('applied', { taskGroup, phase: row.phase, actions });
  // A release that came while this one was applied may have listed the pipelines before this one's row was there.
  const movedOn = (await releaseToRun({ services, row }, wish.item)) !== version;
  return sooner(sooner(movedOn ? again(1) : done, comeBackAt(look, reached.waiting?.untilMs)), outcome);
}

/** Whether `row` tells anything that `before` did not, but for the time. */
function saysMore(row: PipelineRow, before: PipelineRow | undefined): boolean {
  const timeless = ({ updatedAt: _updated, appliedAt: _applied, ...rest }: PipelineRow) => canonicalJson(rest);
  return before === undefined || timeless(row) !== timeless(before);
}

function planFor(proven: readonly string[], row: PipelineRow | undefined, wish: Wish, observed: Observed): Action[] {
  const recorded = recordedCode(row);
  return planPipeline(wish.desired, observed, { ...(recorded ? { recorded } : {}), provenFor: proven });
}

/** What the release is known to load as; asked only where a new mapping makes it matter. */
async function provenFor(look: Look, { desired }: Wish, observed: Observed): Promise<readonly string[]> {
  if (!desired.code || observed.mappings.length > 0) return [proofOf(desired)];
  const release = await look.services.releases.release(desired.code.key, desired.code.version);
  return release?.provenFor ?? [];
}

async function rememberProof(look: Look, { desired }: Wish, proof: string): Promise<void> {
  const { releases } = look.services;
  const release = desired.code && (await releases.release(desired.code.key, desired.code.version));
  if (!release || release.provenFor.includes(proof)) return;
  await releases.updateRelease(release.codeKey, release.version, { provenFor: [...release.provenFor, proof], updatedAt: look.now() });
}

/** After AWS has taken it back: whoever waits for the room is looked at. */
async function giveBack(look: Look, { desired, waits }: Wish, now: DesiredPipeline): Promise<void> {
  const { reservations } = look.services;
  if (waits?.for === 'room') return;
  const wanted = Math.max(desired.reservedConcurrency ?? 0, now.reservedConcurrency ?? 0);
  const { next } = await reservations.settle(
    look.lambda.paced,
    look.taskGroup,
    Math.min(wanted, await reservations.heldBy(look.taskGroup)),
  );
  await hintNext(look, next);
}
