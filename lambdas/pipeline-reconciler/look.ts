/**
 * One look at one task group, under its lease: what it knows, its Lambda client and its time. Made by `look-at-group.ts`,
 * handed to the steps.
 */
import { BudgetExhaustedError } from '../aws/control-plane-budget.ts';
import type { Lease } from '../aws/leases.ts';
import { type PacedLambda, pacedLambda } from '../aws/paced-lambda.ts';
import type { Services } from '../aws/services.ts';
import type { GroupHint } from '../contract/messages.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { isoTime } from '../framework/clock.ts';

export interface Look {
  services: Services;
  hint: GroupHint;
  /** The hint may be the one that is to come back at the time the row names: it was received before, or stands in for one that was. */
  awaited: boolean;
  taskGroup: string;
  row: PipelineRow | undefined;
  /** The stage is going away. */
  going: { mode: 'drain' | 'discard' } | undefined;
  lambda: PacedLambda;
  now(): string;
  /** Throws when there is no time left for another call: the lease and the function's own time must outlast it. */
  checkTime(): void;
  /** Stores the row and remembers it. */
  save(row: PipelineRow): Promise<void>;
}

export interface LookTime {
  /** Stop starting calls then; epoch milliseconds. */
  deadlineMs: number;
}

export function createLook(
  services: Services,
  { hint, awaited }: Pick<Look, 'hint' | 'awaited'>,
  lease: Lease,
  { deadlineMs }: LookTime,
  row: PipelineRow | undefined,
  going: Look['going'],
): Look {
  const { clients, budget, groupLeases, clock } = services;
  let urgent = hint.class === 'change';
  // A lower class that holds the lease while a change waits for it must not be what the change waits for.
  const currentClass = async () => {
    urgent ||= await groupLeases.isWanted(lease);
    return urgent ? 'change' : hint.class;
  };
  const look: Look = {
    services,
    hint,
    awaited,
    taskGroup: hint.taskGroup,
    row,
    going,
    lambda: pacedLambda(clients.lambda, hint.class, deadlineMs, () => budget.acquire(currentClass, deadlineMs)),
    now: () => isoTime(clock.nowMs()),
    checkTime: () => {
      if (clock.nowMs() > deadlineMs) throw new BudgetExhaustedError();
    },
    save: async (next) => {
      await services.pipelines.put(next);
      look.row = next;
    },
  };
  return look;
}
