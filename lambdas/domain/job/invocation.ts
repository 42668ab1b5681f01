/** A stored task as the payload its function is invoked with. Pure. */
import type { TaskInvocation } from '../../contract/job.ts';
import type { StoredTask } from '../../contract/job-table.ts';
import type { Packed } from './pack.ts';

export interface InvocationContext {
  job: string;
  attempt: number;
  /** Of this attempt. */
  token: string;
  /** Base of the API's URLs, without a slash at its end. */
  apiUrl: string;
  deadlineMs: number;
}

export const callbackUrl = (apiUrl: string, job: string, n: number) => `${apiUrl}/jobs/${job}/tasks/${n}/result`;

export function taskInvocation(task: StoredTask, context: InvocationContext): Packed & { entry: string } {
  const { job, attempt, token, apiUrl, deadlineMs } = context;
  const invocation: TaskInvocation = {
    v: 1,
    job,
    task: String(task.n),
    ...(task.id === undefined ? {} : { id: task.id }),
    attempt,
    body: task.body,
    callback: { url: callbackUrl(apiUrl, job, task.n), token },
    deadline: new Date(deadlineMs).toISOString(),
  };
  const entry = JSON.stringify(invocation);
  return { entry, bytes: Buffer.byteLength(entry) };
}
