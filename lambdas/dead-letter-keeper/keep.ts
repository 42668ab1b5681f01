/**
 * The keeper's run: counts all queues, looks through those worth it, several side by side, the longest ago first, and
 * stops in time; the next run goes on. A queue that fails is its own group's problem.
 */
import { deadLetterRecords } from '../aws/dead-letter-records.ts';
import { deadLetters } from '../aws/dead-letters.ts';
import { sendText } from '../aws/send-text.ts';
import type { Services } from '../aws/services.ts';
import type { DeadLetterLook } from '../contract/dead-letter-look.ts';
import { reportOfDeath } from '../domain/dead-letter-reason.ts';
import { byLastLook, type DeadLetterQueue, isWorthALook, type QueueState } from '../domain/dead-letters.ts';
import { reportText } from '../domain/task/report.ts';
import { errorFields } from '../framework/log.ts';
import { Found, type Keeper, lookThrough } from './look-through.ts';
import { deadLetterQueues } from './queues.ts';
import { sideBySide } from './side-by-side.ts';

export interface Kept {
  queues: number;
  /** Queues looked through. */
  looked: number;
  /** Queues left for the next run. */
  left: number;
  /** Letters that were given their reason. */
  explained: number;
  saved: number;
  failed: number;
}

const countsAtOnce = 20;
const looksAtOnce = 4;
/** For showing again what is hidden, of 100,000 letters 10,000 calls. */
const spareMs = 180_000;

export function createKeeper(services: Services) {
  const { clients, stage, clock, log } = services;
  const keeper: Keeper = {
    letters: deadLetters(clients.sqs),
    records: deadLetterRecords(clients, stage.tasksTable, stage.dataBucket),
    tellJob: async (death) => {
      const report = reportOfDeath(death, clock.nowMs());
      if (report) await sendText(clients.sqs, stage.reportsQueueUrl, reportText(report));
    },
    clock,
    log,
  };

  return async (remainingMs: number): Promise<Kept> => {
    const endMs = clock.nowMs() + remainingMs - Math.min(spareMs, remainingMs / 4);
    const queues = await deadLetterQueues(services);
    const looks = await keeper.records.looks();
    const kept: Kept = { queues: queues.length, looked: 0, left: 0, explained: 0, saved: 0, failed: 0 };
    const worth = await worthALook(keeper, queues, looks, kept);
    await sideBySide(worth, looksAtOnce, async ({ queue, state }) => {
      if (clock.nowMs() >= endMs) kept.left += 1;
      else await look(keeper, queue, state, endMs, kept);
    });
    log.info('dead letters kept', { ...kept });
    return kept;
  };
}

type Worth = { queue: DeadLetterQueue; state: QueueState; last: DeadLetterLook | undefined };

async function worthALook(
  { letters, clock, log }: Keeper,
  queues: readonly DeadLetterQueue[],
  looks: ReadonlyMap<string, DeadLetterLook>,
  kept: Kept,
): Promise<Worth[]> {
  const worth: Worth[] = [];
  await sideBySide(queues, countsAtOnce, async (queue) => {
    try {
      const state = await letters.state(queue.url);
      const last = looks.get(queue.name);
      if (state && isWorthALook(last, state, clock.nowMs())) worth.push({ queue, state, last });
    } catch (error) {
      kept.failed += 1;
      log.warn('dead letters not counted', { taskGroup: queue.taskGroup, queue: queue.name, ...errorFields(error) });
    }
  });
  return worth.sort((a, b) => byLastLook(a.last, b.last));
}

async function look(keeper: Keeper, queue: DeadLetterQueue, state: QueueState, endMs: number, kept: Kept): Promise<void> {
  const { clock, log, records } = keeper;
  const lookedAtMs = clock.nowMs();
  const found = new Found();
  try {
    await lookThrough(keeper, queue, state, endMs, found);
    const { complete, dueMs } = found;
    // Saved letters are gone from the queue; what was explained is there once, as before.
    const messages = Math.max(0, state.messages - found.saved);
    await records.looked({ queue: queue.name, lookedAtMs, messages, complete, ...(dueMs === undefined ? {} : { dueMs }) });
    kept.looked += 1;
  } catch (error) {
    kept.failed += 1;
    log.warn('dead letters not looked through', { taskGroup: queue.taskGroup, queue: queue.name, ...errorFields(error) });
  }
  kept.explained += found.explained;
  kept.saved += found.saved;
  kept.failed += found.failed;
}
