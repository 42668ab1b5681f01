/** What one run of the engine keeps: what is settled, what is in flight, and whether it goes on. */
import { pauseMs } from '../domain/job/send-window.ts';
import { checkpoints } from './checkpoints.ts';
import type { DispatchInput, Message, Place, Refusal } from './dispatch-input.ts';
import { sendSlots } from './send-slots.ts';
import { settledTasks } from './settled-tasks.ts';
import { signal } from './signal.ts';

/** A task that is being sent. */
export interface Item<E> extends Message<E> {
  place: Place;
}

/** Bytes of messages under way, above which no further send begins: the SDK holds each of them several times. */
const bytesUnderWay = 16 * 1_048_576;

export function dispatchRun<E>(input: DispatchInput<E>) {
  const { clock, maxConcurrent, limits, stopAtMs } = input;
  const changes = signal();
  const settled = settledTasks(input.start);
  const slots = sendSlots(maxConcurrent, changes);
  const lanes = new Set<string>();
  const count = { answered: 0, refused: 0, tasks: 0, bytes: 0, batches: 0 };
  let failure: { error: unknown } | undefined;

  /** The first failure counts: the others follow from it. */
  const fail = (error: unknown) => {
    failure ??= { error };
    changes.changed();
  };
  const saves = checkpoints(input, () => settled.progress, fail);
  const add = (batch: readonly Item<E>[], sign: 1 | -1) => {
    count.batches += sign;
    count.tasks += sign * batch.length;
    count.bytes += sign * bytesOf(batch);
  };

  return {
    input,
    changes,
    settled,
    slots,
    lanes,
    count,
    saves,
    fail,
    get failure() {
      return failure;
    },
    /** No further send may begin. */
    isOver: () => failure !== undefined || clock.nowMs() >= stopAtMs,
    /** Tasks that wait to be sent again count too: they do not pile up, and a target that takes nothing is given no further ones. */
    hasRoomFor: (batch: readonly Item<E>[]) =>
      slots.isFree() &&
      (count.batches === 0 || (count.tasks < 2 * slots.most * limits.tasks && count.bytes + bytesOf(batch) <= bytesUnderWay)),
    /** Does it beside all else, until it is through. */
    begin(batch: readonly Item<E>[], work: Promise<void>): void {
      add(batch, 1);
      for (const { lane } of batch) if (lane !== undefined) lanes.add(lane);
      void work.catch(fail).finally(() => {
        add(batch, -1);
        for (const { lane } of batch) if (lane !== undefined) lanes.delete(lane);
        changes.changed();
      });
    },
    taken(items: readonly Item<E>[]): void {
      for (const { place } of items) settled.sent(place.n);
      saves.look();
    },
    async refuse(refusals: readonly Refusal[]): Promise<void> {
      if (refusals.length === 0) return;
      await input.refused(refusals);
      for (const { n } of refusals) settled.unsent(n);
      count.refused += refusals.length;
      saves.look();
    },
    /** Not beyond the time there is: nothing is sent then anyway. */
    pause: (tries: number) => clock.sleep(Math.min(pauseMs(tries, input.random()), Math.max(0, stopAtMs - clock.nowMs()))),
  };
}
export type DispatchRun<E> = ReturnType<typeof dispatchRun<E>>;

const bytesOf = (batch: readonly { bytes: number }[]) => batch.reduce((sum, { bytes }) => sum + bytes, 0);
