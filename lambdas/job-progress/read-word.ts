/** A message as a word about a task: a report of a consumer's, or Lambda's that it could not have a function end well. Pure. */
import { z } from 'zod';
import { type TaskError, TaskInvocation } from '../contract/job.ts';
import { numberOfTask, Report } from '../contract/task-wire.ts';
import type { TaskEnd } from '../domain/job/task-end.ts';

export interface FailedInvocation {
  n: number;
  token: string;
  error: TaskError;
}

/** `lease`: token of the lease that the word was given under, of a job that was placed on a pool. */
export type Word =
  | { job: string; end: TaskEnd; lease?: string | undefined }
  | { job: string; failed: FailedInvocation }
  | { problem: string };

/** What Lambda sends to an on-failure destination (LDG/invocation-async-retain-records). */
const FailureRecord = z.object({
  requestContext: z.object({ condition: z.string() }),
  requestPayload: TaskInvocation,
  responsePayload: z.unknown().optional(),
});

export function readWord(body: string): Word {
  const message = readJson(body);
  const report = Report.safeParse(message);
  if (report.success) return ofReport(report.data);
  const failure = FailureRecord.safeParse(message);
  if (failure.success) return ofFailure(failure.data);
  return { problem: `neither a report (${z.prettifyError(report.error as z.ZodError)}) nor a failed invocation` };
}

function ofReport({ job, task, redrives, attempt, status, result, resultKey, deadLettered, atMs, lease, ...report }: Report): Word {
  const n = numberOfTask(job, task);
  if (n === undefined) return { problem: `task ${task} is none of job ${job}` };
  if (result !== undefined && readJson(result) === undefined) return { problem: `the result of task ${task} is not JSON` };
  const id = task.split('/').slice(2).join('/') || undefined;
  const error =
    status === 'done'
      ? undefined
      : { class: report.class ?? 'PERMANENT', message: report.message ?? '', ...(report.step === undefined ? {} : { step: report.step }) };
  return { job, end: { n, id, status, life: redrives, attempt, result, resultKey, error, deadLettered, atMs }, lease };
}

function ofFailure({ requestContext, requestPayload, responsePayload }: z.output<typeof FailureRecord>): Word {
  const { job, task, callback } = requestPayload;
  const said = z.object({ errorMessage: z.string() }).safeParse(responsePayload);
  const message = `Lambda gave the invocation up (${requestContext.condition})${said.success ? `: ${said.data.errorMessage.slice(0, 500)}` : ''}`;
  const n = /^[1-9]\d{0,11}$/.test(task) ? Number(task) : undefined;
  if (n === undefined) return { problem: `task ${task} is no number` };
  return { job, failed: { n, token: callback.token, error: { class: 'TRANSIENT', message } } };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
