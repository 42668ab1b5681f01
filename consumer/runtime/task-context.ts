/** The context a task function is given, over one run of the task. */
import type { TaskContext } from '../context.ts';
import { handOn, notPlaced } from './pending.ts';
import { Steps } from './steps.ts';
import type { TaskRun } from './task-run.ts';
import { withPermit } from './with-permit.ts';

export function taskContext(run: TaskRun): TaskContext {
  const { runtime, received, signal } = run;
  const { settings, ports, secrets } = runtime;
  let steps: Steps | undefined;
  return {
    taskId: received.task,
    group: settings.group,
    job: received.job,
    attempt: run.attempt,
    deadline: run.deadline,
    remainingMs: () => Math.max(0, run.deadlineMs - ports.clock.monotonicMs()),
    signal,
    log: run.log(),
    secret: (name) => secrets.read(name),
    step: (name, fn) => {
      steps ??= new Steps(run);
      // What went through JSON is what `Recorded` says; TypeScript cannot follow it there.
      return steps.step(name, fn) as never;
    },
    withPermit: (name, fn, options) => withPermit(run, name, fn, options),
    sleep: (milliseconds) => ports.clock.sleep(milliseconds, signal),
    message: received.message,
    lease: run.lease?.shown,
    pending: run.lease ? handOn : notPlaced,
  };
}
