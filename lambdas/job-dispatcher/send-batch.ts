/** One batch, until each of its tasks was taken or given up, or the run is over. */
import type { EntryOutcome, SendOutcome } from '../domain/job/send-outcome.ts';
import { sendTries } from '../domain/job/send-window.ts';
import { type Refusal, TargetUnavailable } from './dispatch-input.ts';
import type { DispatchRun, Item } from './dispatch-run.ts';

export async function sendBatch<E>(run: DispatchRun<E>, batch: readonly Item<E>[]): Promise<void> {
  let answeredBefore = 0;
  let left = batch;
  for (let tries = 1; left.length > 0; tries += 1) {
    const epoch = await run.slots.enter();
    try {
      // A batch that waited for its next try may find the run over; its tasks stay open.
      if (run.isOver()) return;
      const outcome = await run.input.send(left.map(({ entry }) => entry));
      if (outcome.kind === 'impossible') throw new TargetUnavailable(outcome.message, run.settled.progress);
      if (outcome.kind === 'answered') {
        left = await settleAnswered(run, left, outcome, tries);
      } else {
        run.slots.pushedBack(epoch);
        if (tries >= sendTries) return await giveUp(run, left, outcome.message, run.count.answered > answeredBefore);
      }
    } finally {
      run.slots.leave();
    }
    // Not from the first try: what was in flight beside it may have been answered just before the target went.
    if (tries === sendTries / 2) answeredBefore = run.count.answered;
    // Without its slot: the others go on, as many as the window has room for.
    if (left.length > 0) await run.pause(tries);
  }
}

/** Those to be sent again, alone. */
async function settleAnswered<E>(
  run: DispatchRun<E>,
  batch: readonly Item<E>[],
  { entries }: Extract<SendOutcome, { kind: 'answered' }>,
  tries: number,
): Promise<Item<E>[]> {
  const last = tries >= sendTries;
  const outcomes = batch.map((item, i) => ({ item, outcome: entries[i] ?? unanswered }));
  run.count.answered += 1;
  run.taken(outcomes.filter(({ outcome }) => outcome.kind === 'accepted').map(({ item }) => item));
  run.slots.answered();
  await run.refuse(
    outcomes.flatMap(({ item: { place }, outcome }): Refusal[] => {
      if (outcome.kind === 'accepted' || (outcome.kind === 'again' && !last)) return [];
      return [{ ...place, class: outcome.kind === 'again' ? 'TRANSIENT' : outcome.class, message: outcome.message }];
    }),
  );
  return last ? [] : outcomes.filter(({ outcome }) => outcome.kind === 'again').map(({ item }) => item);
}

const unanswered: EntryOutcome = { kind: 'again', message: 'the target did not say whether it took the task' };

/** Where nothing else was answered meanwhile it is the target, not the batch: nothing is given up then. */
async function giveUp<E>(run: DispatchRun<E>, batch: readonly Item<E>[], message: string, othersAreAnswered: boolean): Promise<void> {
  if (!othersAreAnswered) throw new TargetUnavailable(message, run.settled.progress);
  await run.refuse(batch.map(({ place }) => ({ ...place, class: 'TRANSIENT', message })));
}
