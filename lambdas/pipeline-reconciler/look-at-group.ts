/**
 * A hint's whole way: lease → read item, defaults, row → present, absent or invalid → the step for it → let go. Whatever
 * the hint said, what counts is what the tables say now.
 */
import type { Lease } from '../aws/leases.ts';
import type { Services } from '../aws/services.ts';
import type { GroupHint } from '../contract/messages.ts';
import { defaultsGroup } from '../contract/names.ts';
import { isLimitsKey } from '../contract/placement.ts';
import { effectiveItem } from '../domain/effective-item.ts';
import { nextRow } from '../domain/status.ts';
import { again, done, type Outcome, sooner } from '../framework/sqs-batch.ts';
import { bringPipeline } from './bring-pipeline.ts';
import { countRollout } from './count-rollout.ts';
import { createLook, type Look, type LookTime } from './look.ts';
import { recordFailure } from './record-failure.ts';
import { removePipeline } from './remove-pipeline.ts';
import { spreadDefaults } from './spread-defaults.ts';

const deferSeconds = 2;

/** `receives` counts the tries of this hint, this one included. */
export async function lookAtGroup(services: Services, hint: GroupHint, receives: number, time: LookTime): Promise<Outcome> {
  if (hint.taskGroup === defaultsGroup) return spreadDefaults(services);
  if (isLimitsKey(hint.taskGroup)) return done;
  let lease = await services.groupLeases.acquire(hint.taskGroup, services.newId(), services.clock.nowMs());
  // Who holds the lease looks again for a change; a rollout's count needs a look of its own.
  if (!lease) return hint.class === 'rollout' ? again(deferSeconds) : done;
  try {
    let outcome: Outcome = done;
    // Of a hint that was noted meanwhile nothing is known: it may be one that somebody waits for.
    const noted: Try = { hint: { ...hint, class: 'change' }, receives: 1, awaited: true };
    for (let current: Try = { hint, receives, awaited: receives > 1 }; ; current = noted) {
      // A look that asked to be repeated is, whatever another under the same lease found.
      outcome = sooner(outcome, await lookOnce(services, current, lease, time));
      if (services.clock.nowMs() > time.deadlineMs) {
        await services.groupLeases.drop(lease);
        return again(1);
      }
      const released: true | Lease = await services.groupLeases.release(lease);
      if (released === true) return outcome;
      lease = released;
    }
  } catch (error) {
    await services.groupLeases.drop(lease);
    throw error;
  }
}

type Try = Pick<Look, 'hint' | 'awaited'> & { receives: number };

async function lookOnce(services: Services, current: Try, lease: Lease, time: LookTime): Promise<Outcome> {
  const { taskGroup } = current.hint;
  const [item, defaults, row, going] = await Promise.all([
    services.config.get(taskGroup),
    services.config.get(defaultsGroup),
    services.pipelines.get(taskGroup),
    services.stageState.going(),
  ]);
  const look = createLook(services, current, lease, time, row, going);
  const outcome = await lookAt(look, item, defaults, current.receives);
  // Also of one that is a pool no more, and whatever became of the look: the scheduler reads what is so.
  if ([item, defaults, row?.effective, look.row?.effective].some((written) => written?.['pool'] !== undefined))
    await services.hintPlacing({ kind: 'pool', taskGroup });
  return outcome;
}

type Item = Record<string, unknown> | undefined;

async function lookAt(look: Look, item: Item, defaults: Item, receives: number): Promise<Outcome> {
  const { services, going } = look;
  try {
    if (item === undefined || going || hasExpired(item, services.clock.nowMs())) return await removePipeline(look);
    const verdict = effectiveItem(item, defaults, services.stage);
    return verdict.valid ? await bringPipeline(look, verdict.item, verdict.warnings) : await recordInvalid(look, verdict.problems);
  } catch (error) {
    return recordFailure(look, error, receives);
  }
}

function hasExpired(item: Record<string, unknown>, nowMs: number): boolean {
  return typeof item.expiresAt === 'number' && item.expiresAt * 1_000 <= nowMs;
}

/** The pipeline that exists stays as it is: only the row says what is wrong. */
async function recordInvalid(look: Look, problems: string[]): Promise<Outcome> {
  const { row, taskGroup } = look;
  const told = row?.phase === 'Invalid' && JSON.stringify(row.problems) === JSON.stringify(problems);
  const message = `the config item has ${problems.length} problem${problems.length === 1 ? '' : 's'}: ${problems.join('; ')}`;
  const next = told ? row : nextRow(row, taskGroup, 'Invalid', message, look.now(), { problems, attempts: 0 });
  if (!told) await look.save(next);
  // It keeps no place in the order of those who wait for room.
  if (!told) await look.services.reservations.stopWaiting(taskGroup);
  await countRollout(look, next, 'skipped');
  return done;
}
