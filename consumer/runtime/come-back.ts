/** Back to the queue, for later. */
import { patienceSeconds } from '../../lambdas/domain/task/back-off.ts';
import type { TaskRecords } from '../ports.ts';
import type { TaskRun } from './task-run.ts';
import type { Settled } from './tell.ts';

type Release = Parameters<TaskRecords['release']>[1];

/** Comes back in time whatever becomes of its record; throws where that could not be written at the second try either. */
export async function releaseAndComeBack(run: TaskRun, end: Release, seconds: number): Promise<void> {
  const { records, clock } = run.runtime.ports;
  const release = () => records.release(run.held, end, clock.nowMs());
  try {
    await release().catch(release);
  } finally {
    await comeBack(run, seconds);
  }
}

/** Where this fails the queue's own visibility timeout brings it back, later. */
export async function comeBack(run: TaskRun, seconds: number): Promise<void> {
  await run.runtime.ports.queue.comeBack(run.received.receiptHandle, seconds).catch((error: unknown) => {
    run.log().warn('visibility not changed: comes back after that of its queue', { error });
  });
}

export async function lookAgainSoon(run: TaskRun): Promise<Settled> {
  await comeBack(run, Math.max(5, patienceSeconds(run.received.message.receives)));
  return 'comesBack';
}
