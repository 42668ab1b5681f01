/** What a task of a job returned, as it goes into its record and its report. */
import { taskResultKey } from '../../lambdas/contract/task-wire.ts';
import { type KeptResult, resultJson } from '../../lambdas/domain/task/report.ts';
import { type Failure, judge, messageOf } from './failure.ts';
import type { TaskRun } from './task-run.ts';

/** A large one is in the bucket when this settles; where it could not be put there, the attempt has failed. */
export async function keepResult(run: TaskRun, value: unknown): Promise<{ kept: KeptResult } | { failure: Failure }> {
  const { counted, redrives } = run.received;
  const result = counted ? resultJson(value) : { kind: 'none' as const };
  if (counted === undefined || result.kind === 'none') return { kept: {} };
  if (result.kind === 'inline') return { kept: { result: result.json } };
  if (result.kind === 'unfit') {
    run.log().warn('done, but its job gets no result of it', { reason: result.why });
    return { kept: {} };
  }
  const resultKey = taskResultKey(counted.job, String(counted.n), redrives);
  try {
    await run.runtime.ports.largeResults.put(resultKey, result.json);
    return { kept: { resultKey } };
  } catch (error) {
    return { failure: notKept(run, error) };
  }
}

function notKept({ runtime }: TaskRun, error: unknown): Failure {
  const thrown = judge(error, undefined, undefined, runtime.ports.clock.nowMs());
  const message = `its result could not be put into the data bucket: ${messageOf(error)}`;
  const unknown: Failure = { class: 'TRANSIENT', message, stack: undefined, step: undefined, retryAfterSeconds: undefined };
  return thrown.kind === 'failed' ? { ...thrown.failure, message } : unknown;
}
