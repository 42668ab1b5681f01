/**
 * The one budget of Lambda control-plane calls that all our invocations share: a row with the time of the next call.
 * How it is shared out is decided in `domain/pacing.ts`.
 */
import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { HintClass } from '../contract/messages.ts';
import { bookingHorizonMs, mustWaitMs, type Pace, paceOf, startOf } from '../domain/pacing.ts';
import type { Clock } from '../framework/clock.ts';
import type { Clients } from './clients.ts';
import { isConditionFailed } from './errors.ts';

/** No call could be booked in the time a look has; nothing is wrong, it is tried again later. */
export class BudgetExhaustedError extends Error {
  constructor() {
    super('waiting for the control-plane budget');
    this.name = 'BudgetExhausted';
  }
}

const mostSpreadMs = 1_000;

export interface ControlPlaneBudget {
  /** Waits for this caller's turn. `currentClass` is asked anew at each try, as a look may become urgent while it waits. */
  acquire(currentClass: () => Promise<HintClass>, giveUpAtMs: number): Promise<void>;
}

export function controlPlaneBudget(
  documents: Clients['documents'],
  table: string,
  callsPerSecond: number,
  clock: Clock,
  random: () => number,
): ControlPlaneBudget {
  const pace = paceOf(callsPerSecond);
  const row = { pk: 'budget', sk: 'lambda' };

  return {
    async acquire(currentClass, giveUpAtMs) {
      for (let tries = 1; ; tries += 1) {
        const horizonMs = bookingHorizonMs[await currentClass()];
        const nowMs = clock.nowMs();
        const tatMs = await nextTatMs();
        // Read first: those who wait must not pay for a write each time they look.
        const waitMs = mustWaitMs(pace, tatMs, nowMs, horizonMs);
        const startMs = waitMs > 0 ? undefined : tatMs < nowMs ? await bookIdle(nowMs) : await bookBusy(nowMs, horizonMs);
        if (startMs !== undefined) {
          await clock.sleep(startMs - clock.nowMs());
          return;
        }
        // Spread the wider the longer one waits, so that dozens who wait do not all come back at once.
        const delayMs = waitMs + Math.min(mostSpreadMs, pace.intervalMs * 2 ** tries) * random();
        if (clock.nowMs() + delayMs > giveUpAtMs) throw new BudgetExhaustedError();
        await clock.sleep(delayMs);
      }
    },
  };

  /** Books behind those who are booked already, if that is near enough. */
  function bookBusy(nowMs: number, horizonMs: number): Promise<number | undefined> {
    return book(pace, nowMs, 'SET tatMs = tatMs + :interval', 'tatMs >= :now AND tatMs <= :latest', {
      ':interval': pace.intervalMs,
      ':now': nowMs,
      ':latest': nowMs + horizonMs + pace.toleranceMs,
    });
  }

  /** Books now, when nobody is booked. */
  function bookIdle(nowMs: number): Promise<number | undefined> {
    return book(pace, nowMs, 'SET tatMs = :next', 'attribute_not_exists(pk) OR tatMs < :now', {
      ':next': nowMs + pace.intervalMs,
      ':now': nowMs,
    });
  }

  async function book(
    used: Pace,
    nowMs: number,
    UpdateExpression: string,
    ConditionExpression: string,
    values: Record<string, unknown>,
  ): Promise<number | undefined> {
    try {
      const { Attributes } = await documents.send(
        new UpdateCommand({
          TableName: table,
          Key: row,
          UpdateExpression,
          ConditionExpression,
          ExpressionAttributeValues: values,
          ReturnValues: 'ALL_NEW',
        }),
      );
      return startOf(used, Number(Attributes?.tatMs), nowMs);
    } catch (error) {
      if (isConditionFailed(error)) return undefined;
      throw error;
    }
  }

  async function nextTatMs(): Promise<number> {
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key: row, ConsistentRead: true }));
    return Number(Item?.tatMs ?? 0);
  }
}
