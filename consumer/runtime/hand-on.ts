/** A task of a placed job that was handed on: somebody else does the work, under the lease it was given. */
import { recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import type { TaskEnd } from '../ports.ts';
import { lookAgainSoon } from './come-back.ts';
import type { JobLease } from './job-lease.ts';
import type { TaskRun } from './task-run.ts';
import type { Settled } from './tell.ts';

/** First the record: from then on nobody runs it beside whoever got it, whatever becomes of the word that he did. */
export async function settlePending(run: TaskRun, note: string | undefined): Promise<Settled> {
  const { records, clock } = run.runtime.ports;
  let isRecorded = true;
  const end: TaskEnd = { status: 'done', keepSeconds: recordKeepSeconds, failed: [], untold: 'handedOn' };
  try {
    if (!(await records.end(run.held, end, clock.nowMs()))) return await lookAgainSoon(run);
  } catch (error) {
    isRecorded = false;
    run.log().error('handed on, but this could not be recorded: a copy that is delivered again would run again', { error });
  }
  if (!run.lease) return 'finished';
  const said = await sayHandedOn(run, run.lease, note);
  // Without its record it would be run again; whoever goes on with it is heard by his own heartbeats.
  return isRecorded ? said : 'finished';
}

/** Said until it is heard, also where the message comes again. */
export async function sayHandedOn(run: TaskRun, lease: JobLease, note: string | undefined): Promise<Settled> {
  const state = await lease.handOn(note);
  if (state === 'silent') return lookAgainSoon(run);
  if (state === 'held') run.log().info('handed on: the work for its job goes on elsewhere', { note });
  else run.log().warn('handed on, but its lease is lost: the work is to stop', { note, reason: lease.lost });
  return 'finished';
}
