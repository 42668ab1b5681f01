/** What the dispatch engine is given, and what it answers. It knows tasks and sends; stores and targets are handed in. */
import type { Cursor } from '../contract/job-table.ts';
import type { ErrorClass } from '../contract/task-wire.ts';
import type { Located } from '../domain/job/line.ts';
import type { Packed, PackLimits } from '../domain/job/pack.ts';
import type { SendOutcome } from '../domain/job/send-outcome.ts';
import type { Clock } from '../framework/clock.ts';

/** A task without its body: which it is, and where. */
export interface Place {
  n: number;
  id?: string | undefined;
  fromByte: number;
  toByte: number;
}

export interface Refusal extends Place {
  class: ErrorClass;
  message: string;
}

/** A task as it is sent; a lane where its order counts. */
export interface Message<E> extends Packed {
  entry: E;
}

/** The end of what is settled without a gap, and how many tasks up to there were sent by this run. */
export interface Progress {
  cursor: Cursor;
  sent: number;
}

export interface DispatchInput<E> {
  /** Tasks in the order of the file, some at a time; none is read before the ones before it are under way but for one block. */
  blocks: AsyncIterable<readonly Located[]>;
  /** Where the blocks begin. */
  start: Cursor;
  /** Most tasks to send, refused ones included. */
  allowance: number;
  /** Most sends in flight. */
  maxConcurrent: number;
  /** What one send takes: `queuePack`, or one task. */
  limits: PackLimits;
  /** No send begins after it; those in flight are waited for. */
  stopAtMs: number;
  clock: Pick<Clock, 'nowMs' | 'sleep'>;
  random: () => number;
  /** Which of these are to be sent now, in their order, the others being taken care of. Given no more than may be sent. */
  prepare?(tasks: readonly Located[]): Promise<readonly Located[]>;
  /** Called right before its send. */
  message(task: Located): Message<E>;
  send(batch: readonly E[]): Promise<SendOutcome>;
  /** Tasks that are given up. When it has settled they count as settled. */
  refused(tasks: readonly Refusal[]): Promise<void>;
  /**
   * Tasks that were prepared and could not be sent, for want of time or because the target is unavailable; when it has
   * settled they count as settled. Without it the cursor stays before them, and what was sent behind them is sent again.
   */
  setAside?(tasks: readonly Place[]): Promise<void>;
  /** At most once a second, one after the other. What it throws ends the run. Not called at the end: that is the answer. */
  checkpoint?(progress: Progress): Promise<void>;
}

export interface Dispatched extends Progress {
  refused: number;
  setAside: number;
  /** `end`: there are no further tasks. */
  stopped: 'end' | 'allowance' | 'time';
}

/** Nothing could be sent: the target is gone, we may not, or not one send got through. Carries how far it got. */
export class TargetUnavailable extends Error {
  readonly progress: Progress;
  constructor(message: string, progress: Progress) {
    super(message);
    this.name = 'TargetUnavailable';
    this.progress = progress;
  }
}
