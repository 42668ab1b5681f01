/**
 * What became of a task of a job, to the queue of reports. Its end is on record by then and its message is there until it
 * is told, so a crash loses no report: whoever gets the message next tells it again, from the record.
 */

import type { Report } from '../../lambdas/contract/task-wire.ts';
import { patienceSeconds } from '../../lambdas/domain/task/back-off.ts';
import { failedReport, leasedReport, type Reported } from '../../lambdas/domain/task/report.ts';
import type { TaskRun } from './task-run.ts';

/** Whether the message is finished with, or comes back. */
export type Settled = 'finished' | 'comesBack';

/** Finished with as soon as this is told. */
export interface Untold {
  untold: Report;
}

export type Recorded = Settled | Untold;

/** After a report that could not be sent. */
const trySoonSeconds = 5;

/** Finished with; of a task that a job counts, once its report is told. */
export function finished({ received, runtime }: TaskRun, report: (about: Reported, nowMs: number) => Report | undefined): Recorded {
  const { counted, task, redrives, lease } = received;
  if (counted === undefined) return 'finished';
  const untold = report({ job: counted.job, task, redrives }, runtime.ports.clock.nowMs());
  if (!untold) return 'finished';
  return { untold: typeof lease === 'object' ? leasedReport(untold, lease) : untold };
}

export async function tell(run: TaskRun, { untold }: Untold): Promise<Settled> {
  const { settings, ports } = run.runtime;
  const { receiptHandle, message } = run.received;
  try {
    const sent = ports.reports.send(untold);
    // The next of its message group waits for it.
    if (settings.fifo) ports.reports.flush();
    await sent;
    return 'finished';
  } catch (error) {
    run.log().error('what became of it could not be reported: it comes back for that', { status: untold.status, error });
    // Where this fails the queue's own visibility timeout brings it back, later.
    await ports.queue.comeBack(receiptHandle, Math.max(trySoonSeconds, patienceSeconds(message.receives))).catch(() => undefined);
    return 'comesBack';
  }
}

/** That an attempt failed and it comes back. News only: it comes back whether this is heard or not. */
export function tellRetrying(run: TaskRun, failed: Parameters<typeof failedReport>[2]): void {
  const { ports } = run.runtime;
  const { counted, task, redrives } = run.received;
  if (counted === undefined) return;
  const report = failedReport({ job: counted.job, task, redrives }, 'retrying', failed, ports.clock.nowMs());
  const told = ports.reports.send(report).catch((error: unknown) => run.log().warn('a failed attempt could not be reported', { error }));
  run.invocation.telling.push(told);
}
