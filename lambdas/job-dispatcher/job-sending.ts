/**
 * A job while it is sent: its row as it was last written, each write after the one before, and what its tasks are sent
 * with. Where the writes are is in `aws/jobs/dispatch-state.ts`, in which order in `send-job.ts`.
 */

import type { JobRow, StoredTask } from '../contract/job-table.ts';
import { deadlineOf, graceMs, usualTimeoutSeconds } from '../domain/job/overdue.ts';
import type { DispatchServices } from './dispatch-services.ts';
import { type JobFile, jobFile } from './job-file.ts';
import type { GroupTarget } from './target-state.ts';

export type SendableTarget = GroupTarget | { kind: 'function'; reference: string };

export interface SendingTime {
  /** Then nothing new is begun. */
  turnEndMs: number;
  /** Then what was begun is not tried again: the function's time is over. */
  endMs: number;
}

export class JobSending {
  readonly services: DispatchServices;
  readonly target: SendableTarget;
  readonly file: JobFile;
  /** Tasks that are to start later than this are put aside: one moment for the whole look. */
  readonly asOfMs: number;
  readonly time: SendingTime;
  row: JobRow;
  private firstDueMs = Number.POSITIVE_INFINITY;
  private writes: Promise<unknown> = Promise.resolve();

  constructor(services: DispatchServices, target: SendableTarget, row: JobRow, time: SendingTime) {
    this.services = services;
    this.target = target;
    this.row = row;
    this.file = jobFile(services, row);
    this.asOfMs = services.clock.nowMs();
    this.time = time;
  }

  /** Writes after what is being written, from the row as it is then. */
  write(change: (row: JobRow) => Promise<JobRow>): Promise<void> {
    const written = this.writes.then(async () => {
      this.row = await change(this.row);
    });
    this.writes = written.catch(() => undefined);
    return written;
  }

  /** Notes when the task is overdue if it is sent now. */
  noteDue(task: StoredTask): void {
    const { target, services } = this;
    const grace = target.kind === 'group' ? graceMs : 0;
    const dueMs = deadlineOf(task, services.clock.nowMs(), usualTimeoutSeconds(target)) + grace;
    this.firstDueMs = Math.min(this.firstDueMs, dueMs);
  }

  /** When the first of those noted since it was last asked is due. */
  takeDue(): number {
    const { firstDueMs, services } = this;
    this.firstDueMs = Number.POSITIVE_INFINITY;
    // Nothing was sent: whoever looks finds nothing open.
    return Number.isFinite(firstDueMs) ? firstDueMs : services.clock.nowMs() + graceMs;
  }
}
