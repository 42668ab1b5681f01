/** `ctx.withPermit`: the guard of permits for one run of a task. */
import type { PermitOptions } from '../context.ts';
import { Interruption } from './interruption.ts';
import { PermitGuard, PermitWait } from './permit-guard.ts';
import type { TaskRun } from './task-run.ts';

/** How long a task may go on that has lost its permit: others may hold it then. */
const stopWithinMs = 3_000;

const guards = new WeakMap<TaskRun, PermitGuard>();

export const withPermit = <T>(run: TaskRun, name: string, fn: () => T | Promise<T>, options: PermitOptions = {}): Promise<T> =>
  run.begun(useOf(run, name, fn, options));

async function useOf<T>(run: TaskRun, name: string, fn: () => T | Promise<T>, options: PermitOptions): Promise<T> {
  const guard = guards.get(run) ?? newGuard(run);
  guards.set(run, guard);
  try {
    return await guard.withPermit(name, fn, options);
  } catch (error) {
    if (!(error instanceof PermitWait)) throw error;
    const { clock, permits } = run.runtime.ports;
    const { pipeline } = run.runtime.settings;
    const { task } = run.received;
    // A word that came before the message was back on the queue was lost.
    const isDueNow = () => permits.isOffered({ name, pipeline, task }, clock.nowMs());
    throw run.interrupt(new Interruption(error.message, error.seconds, isDueNow));
  }
}

function newGuard(run: TaskRun): PermitGuard {
  const { received, runtime, budget } = run;
  const { clock, permits } = runtime.ports;
  const { task, receiptHandle, message } = received;
  return new PermitGuard({
    permits,
    clock,
    request: {
      pipeline: runtime.settings.pipeline,
      task,
      // Lambda kills the function then, by the clock of this machine.
      deadlineMs: Math.ceil(run.wallMs(budget.endMs)),
      queueName: runtime.settings.queueName,
      receiptHandle,
      sentAtMs: message.sentAt.getTime(),
      receives: message.receives,
    },
    lose: (reason) => run.abort(reason, stopWithinMs),
    warn: (text, fields) => run.log().warn(text, fields),
  });
}
