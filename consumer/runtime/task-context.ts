/** The context a task function is given, over one run of the task. */
import type { TaskContext } from '../context.ts';
import { Steps } from './steps.ts';
import type { TaskRun } from './task-run.ts';
import { withPermit } from './with-permit.ts';

export function taskContext(run: TaskRun): TaskContext {
  const { runtime, received, budget, abort } = run;
  const { settings, ports, secrets } = runtime;
  const { signal } = abort;
  const steps = new Steps(run);
  return {
    taskId: received.task,
    group: settings.group,
    job: received.job,
    attempt: run.opening.attempt,
    deadline: new Date(run.wallMs(budget.deadlineMs)),
    remainingMs: () => Math.max(0, budget.deadlineMs - ports.clock.monotonicMs()),
    signal,
    log: run.log(),
    secret: (name) => secrets.read(name),
    // What went through JSON is what `Recorded` says; TypeScript cannot follow it there.
    step: (name, fn) => steps.step(name, fn) as never,
    withPermit: (name, fn) => withPermit(run, name, fn),
    sleep: (milliseconds) => ports.clock.sleep(milliseconds, signal),
    message: received.message,
  };
}
