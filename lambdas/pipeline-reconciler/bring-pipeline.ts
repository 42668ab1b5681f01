/**
 * Brings a group with a valid item to its wish: observe → plan → room → apply → status. A hint whose wish and release
 * were applied already ends before the first call outside our tables.
 */
import { applyPlan } from '../aws/apply-plan.ts';
import { uploadedCode } from '../aws/code-bucket.ts';
import { observeFunction } from '../aws/functions.ts';
import { observePipeline } from '../aws/observe-pipeline.ts';
import { canonicalJson } from '../contract/names.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { pipelineTags, type Tags } from '../contract/tags.ts';
import type { Action } from '../domain/actions.ts';
import { desiredPipeline, wishHash } from '../domain/desired.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import type { EffectiveItem } from '../domain/item.ts';
import type { Observed } from '../domain/observed.ts';
import { planPipeline, withoutRoom } from '../domain/plan.ts';
import { proofOf } from '../domain/plan-function.ts';
import { chooseRelease } from '../domain/release-choice.ts';
import { nextRow, recordedCode, waitingForCodeMessage, without } from '../domain/status.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { countRollout } from './count-rollout.ts';
import { finishedRow, wished } from './finished-row.ts';
import { hintNext } from './hint-next.ts';
import type { Look } from './look.ts';
import { replaceQueue, tendFormerDeadLetters } from './replace-queue.ts';
import { swapCode } from './swap-code.ts';
import type { Wish } from './wish.ts';

export async function bringPipeline(look: Look, item: EffectiveItem, warnings: string[]): Promise<Outcome> {
  const { row, services, hint } = look;
  const version = await releaseToRun(look, item);
  const desired = desiredPipeline(item, version, services.stage);
  const wish: Wish = { item, warnings, desired, hash: wishHash(item, desired) };
  const applied = row !== undefined && row.appliedHash === wish.hash && (row.phase === 'Active' || row.phase === 'Paused');
  const current = applied && row.release?.version === version && row.release?.codeKey === item.code.key;
  if (current && hint.class !== 'sweep') {
    await countRollout(look, row, 'done');
    return done;
  }
  if (hint.class === 'rollout' && row && knownAsWished(row, wish)) {
    const fn = await observeFunction(look.lambda.unpaced, services.stage.settings.prefix, desired.functionName);
    const swap = fn && (await withCode(look, wish, { function: fn, mappings: [] }));
    if (swap && !swap.waits) return swapCode(look, swap, row, fn);
  }
  const observed = reopened(await observe(look, item), row);
  const code = await withCode(look, wish, observed);
  const room = await withRoom(look, code, observed);
  return apply(look, room, observed, version);
}

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
  const { services, taskGroup } = look;
  const plan = planFor(await provenFor(look, wish, observed), look.row, wish, observed);
  // Before the first call: removing the group must find what a crash left half made.
  if (plan.length > 0 || look.row === undefined) await look.save(progressRow(look, wish));
  // Whoever takes the stage away has seen this row or is seen here: nothing is made that nobody would remove.
  if (plan.length > 0 && (await services.stageState.going())) return again(0);
  const applied = await applyPlan(services, look.lambda, plan, look.checkTime);
  if (applied.provenFor && wish.desired.code) await rememberProof(look, wish, applied.provenFor);
  await giveBack(look, wish);
  if (observed.formerQueue) return replaceQueue(look, wish, observed, observed.formerQueue, applied);

  const row = await tendFormerDeadLetters(look, finishedRow(look, wish, observed, applied), observed.formerDeadLetterQueue);
  if (plan.length > 0 || saysMore(row, look.row)) await look.save(row);
  await countRollout(look, row, wish.waits ? 'skipped' : 'done');
  services.log.info('applied', { taskGroup, phase: row.phase, actions: plan.length });
  // A release that came while this one was applied may have listed the pipelines before this one's row was there.
  const movedOn = (await releaseToRun({ services, row }, wish.item)) !== version;
  return movedOn ? again(1) : done;
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

function progressRow(look: Look, wish: Wish): PipelineRow {
  const { row } = look;
  const phase = row?.appliedAt === undefined ? 'Creating' : 'Updating';
  const next = nextRow(row, look.taskGroup, phase, 'in progress', look.now(), {
    ...wished(wish),
    ...(row?.drain ? { drain: row.drain } : {}),
  });
  // Until it is done nothing is applied in full: a crash on the way must not pass for the wish before.
  return without(next, 'appliedHash');
}

/** After AWS has taken it back: whoever waits for the room is looked at. */
async function giveBack(look: Look, { desired, waits }: Wish): Promise<void> {
  const { reservations } = look.services;
  if (waits?.for === 'room') return;
  const wanted = desired.reservedConcurrency ?? 0;
  const { next } = await reservations.settle(
    look.lambda.paced,
    look.taskGroup,
    Math.min(wanted, await reservations.heldBy(look.taskGroup)),
  );
  await hintNext(look, next);
}
