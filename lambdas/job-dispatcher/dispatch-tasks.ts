/**
 * The dispatch engine: reads tasks, packs them, and keeps as many sends in flight as it may, a window that slides over the
 * blocks. Memory holds two blocks and what is in flight, whatever the job's length. Each task is sent once or refused
 * once, as long as nothing dies; the answer's cursor never passes one that is neither.
 *
 * Order: two tasks of one lane (FIFO message group) are never under way together, so they arrive in order even where the
 * first of them has to be sent again. Tasks without a lane arrive in any order.
 */

import type { Located } from '../domain/job/line.ts';
import { fits } from '../domain/job/pack.ts';
import { type Dispatched, type DispatchInput, TargetUnavailable } from './dispatch-input.ts';
import { type DispatchRun, dispatchRun, type Item } from './dispatch-run.ts';
import { sendBatch } from './send-batch.ts';
import { placeOf } from './settled-tasks.ts';

export async function dispatchTasks<E>(input: DispatchInput<E>): Promise<Dispatched> {
  const run = dispatchRun(input);
  const stopped = await feed(run).catch((error: unknown) => {
    run.fail(error);
    return 'time' as const;
  });
  await run.changes.until(() => run.count.batches === 0);
  await run.saves.idle();
  const setAside = await putAside(run);
  if (run.failure) throw failureOf(run, run.failure.error);
  // All were read and put into sends; those that time ran out for were not sent.
  const isSettled = run.settled.open.length === 0;
  return { ...run.settled.progress, refused: run.count.refused, setAside, stopped: isSettled ? stopped : 'time' };
}

/** Starts all sends; why it stopped. */
async function feed<E>(run: DispatchRun<E>): Promise<Dispatched['stopped']> {
  const tasks = toSend(run);
  let ahead = tasks.next();
  try {
    let pack: Item<E>[] = [];
    for (;;) {
      const next = await ahead;
      if (next.done) return (await launch(run, pack)) ? next.value : 'time';
      ahead = tasks.next();
      // Looked at in the next round; until then nobody else does.
      ahead.catch(() => undefined);
      for (const task of next.value) {
        const laid = await lay(run, pack, task);
        if (laid === undefined) return 'time';
        pack = laid;
      }
    }
  } finally {
    await ahead.catch(() => undefined);
    await tasks.return('time');
  }
}

/** Blocks, cut to the allowance, and of them what is to be sent. */
async function* toSend<E>({ input, settled, isOver }: DispatchRun<E>): AsyncGenerator<readonly Located[], Dispatched['stopped']> {
  let left = input.allowance;
  for await (const block of input.blocks) {
    for (let from = 0; from < block.length; ) {
      if (left <= 0) return 'allowance';
      if (isOver()) return 'time';
      const read = block.slice(from, from + left);
      const kept = input.prepare ? await input.prepare(read) : read;
      settled.add(read, kept);
      left -= kept.length;
      from += read.length;
      yield kept;
    }
  }
  return 'end';
}

/** The pack with the task in it, what did not go with it being launched; undefined: the run is over. */
async function lay<E>(run: DispatchRun<E>, pack: Item<E>[], task: Located): Promise<Item<E>[] | undefined> {
  const { input, lanes, changes } = run;
  const place = placeOf(task);
  const item = { ...input.message(task), place };
  if (item.bytes > input.limits.bytes) {
    const message = `with its envelope it has ${item.bytes} bytes; a task may have ${input.limits.bytes}`;
    await run.refuse([{ ...place, class: 'DATA', message }]);
    return pack;
  }
  const isBusy = () => item.lane !== undefined && lanes.has(item.lane);
  if (!isBusy() && fits(pack, item, input.limits)) {
    pack.push(item);
    return pack.length < input.limits.tasks ? pack : (await launch(run, pack)) ? [] : undefined;
  }
  if (!(await launch(run, pack))) return undefined;
  await changes.until(() => !isBusy() || run.failure !== undefined);
  return run.isOver() ? undefined : [item];
}

/** False: the run is over, and the pack is not sent. */
async function launch<E>(run: DispatchRun<E>, pack: readonly Item<E>[]): Promise<boolean> {
  if (pack.length === 0) return true;
  await run.changes.until(() => run.hasRoomFor(pack) || run.failure !== undefined);
  if (run.isOver()) return false;
  run.begin(pack, sendBatch(run, pack));
  // What was begun goes out before the next is made: else the first of a window leaves together with the last.
  await run.input.clock.sleep(0);
  return true;
}

/** What was to be sent and was not: only where our own stores are not what failed. */
async function putAside<E>({ input, settled, failure }: DispatchRun<E>): Promise<number> {
  const left = settled.open;
  if (left.length === 0 || input.setAside === undefined) return 0;
  if (failure && !(failure.error instanceof TargetUnavailable)) return 0;
  await input.setAside(left);
  for (const { n } of left) settled.unsent(n);
  return left.length;
}

/** With how far it got when all was settled. */
const failureOf = <E>({ settled }: DispatchRun<E>, error: unknown) =>
  error instanceof TargetUnavailable ? new TargetUnavailable(error.message, settled.progress) : error;
