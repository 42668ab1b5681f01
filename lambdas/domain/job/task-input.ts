/** One task as somebody hands it in: its rules, and as it is stored. Pure. */

import type { TaskInput } from '../../contract/job.ts';
import { functionOfTarget, taskGroupOfTarget } from '../../contract/job-messages.ts';
import type { StoredTask } from '../../contract/job-table.ts';
import { lambdaLimits, queueLimits } from '../../contract/limits.ts';
import type { FieldError } from '../../contract/problems.ts';
import { taskInvocation } from './invocation.ts';
import { queueMessage } from './message.ts';

export interface TaskPlace {
  job: string;
  n: number;
  target: string;
  /** When its job was accepted: what a delay counts from. */
  nowMs: number;
}

/** Ten years ahead is a mistake in the unit. */
const latestMs = (nowMs: number) => nowMs + 315_360_000_000;

/** What is wrong with it, by field of the task; its form was parsed. */
export function taskProblems(task: TaskInput, place: TaskPlace): FieldError[] {
  return [...timeProblems(task, place.nowMs), ...idProblems(task), ...groupProblems(task, place), ...sizeProblems(task, place)];
}

/** Of a job as well as of a task. */
export function timeProblems({ runAt, delaySeconds }: Pick<TaskInput, 'runAt' | 'delaySeconds'>, nowMs: number): FieldError[] {
  if (runAt !== undefined && delaySeconds !== undefined)
    return [{ field: 'delaySeconds', message: 'must not be there together with runAt' }];
  if (runAt !== undefined && Date.parse(runAt) > latestMs(nowMs)) return [{ field: 'runAt', message: 'must be within ten years' }];
  return [];
}

export const runAtMs = ({ runAt, delaySeconds }: Pick<TaskInput, 'runAt' | 'delaySeconds'>, nowMs: number): number | undefined =>
  runAt !== undefined ? Date.parse(runAt) : delaySeconds === undefined ? undefined : nowMs + delaySeconds * 1_000;

/** It travels in an attribute of a message, which takes the characters of XML 1.0 (API_SendMessage). */
function idProblems({ id }: TaskInput): FieldError[] {
  if (id === undefined || (id.isWellFormed() && !/[^\t\n\r\u{20}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(id))) return [];
  return [{ field: 'id', message: 'has a character that SQS does not take' }];
}

function groupProblems({ messageGroup }: TaskInput, { target }: TaskPlace): FieldError[] {
  if (messageGroup === undefined || functionOfTarget(target) === undefined) return [];
  return [{ field: 'messageGroup', message: 'is for task groups: a function has no order of tasks' }];
}

/** No character of JSON takes more bytes on its way than its six as an escape, and all that travels with a task less than this. */
const isSurelySmall = (task: TaskInput) => JSON.stringify(task.body).length * 6 + 16_384 <= queueLimits.messageBytes;

function sizeProblems(task: TaskInput, place: TaskPlace): FieldError[] {
  if (isSurelySmall(task)) return [];
  const [bytes, most] = bytesOf(storedTask(task, place.n, place.nowMs), place);
  if (bytes <= most) return [];
  const message = `takes ${bytes} bytes with what travels with it, ${most} fit: put what is large into S3 and name it in the task`;
  return [{ field: 'body', message }];
}

/** What it takes at most, with all that may come with it, and what its target lets through. */
function bytesOf(task: StoredTask, { job, target, nowMs }: TaskPlace): [number, number] {
  const taskGroup = taskGroupOfTarget(target);
  if (taskGroup === undefined) {
    const { bytes } = taskInvocation(task, { ...longestEnvelope, job, deadlineMs: nowMs });
    return [bytes, lambdaLimits.asyncPayloadBytes];
  }
  // Tried again, it carries a letter besides.
  const { bytes } = queueMessage(task, { job, taskGroup, fifo: false, life: 1, nowMs, deadlineMs: nowMs });
  return [bytes, queueLimits.messageBytes];
}

const longestEnvelope = { attempt: 999_999, token: 'x'.repeat(100), apiUrl: 'x'.repeat(1_024) };

export function storedTask(task: TaskInput, n: number, nowMs: number): StoredTask {
  const { id, body, timeoutSeconds, messageGroup } = task;
  const at = runAtMs(task, nowMs);
  return {
    n,
    ...(id === undefined ? {} : { id }),
    body,
    ...(at === undefined ? {} : { runAtMs: at }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    ...(messageGroup === undefined ? {} : { messageGroup }),
  };
}
