/** One task as somebody hands it in: its rules, and as it is stored. Pure. */

import type { TaskInput } from '../../contract/job.ts';
import { functionOfTarget } from '../../contract/job-messages.ts';
import type { StoredTask } from '../../contract/job-table.ts';
import { lambdaLimits, queueLimits } from '../../contract/limits.ts';
import type { FieldError } from '../../contract/problems.ts';
import { jobTaskId, taskAttributes } from '../../contract/task-wire.ts';
import { wireText } from '../task/letter.ts';

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

/** What comes with a task that is tried again: a letter that says so, with ids and group of the longest kind, and no words. */
const letterRoom = 2_048;
/** What surrounds a function's task besides its ids: field names, attempt, token, deadline, the callback's URL. */
const invocationRoom = 3_072;

function sizeProblems(task: TaskInput, { job, n, target }: TaskPlace): FieldError[] {
  const body = Buffer.byteLength(wireText(task.body));
  const toFunction = functionOfTarget(target) !== undefined;
  const bytes = body + (toFunction ? invocationBytes(job, task) : attributeBytes(job, n, task));
  const most = toFunction ? lambdaLimits.asyncPayloadBytes : queueLimits.messageBytes;
  if (bytes <= most) return [];
  const message = `takes ${bytes} bytes with what travels with it, ${most} fit: put what is large into S3 and name it in the task`;
  return [{ field: 'body', message }];
}

function attributeBytes(job: string, n: number, { id }: TaskInput): number {
  const values = { [taskAttributes.task]: jobTaskId(job, n, id), [taskAttributes.job]: job, [taskAttributes.deadline]: '0'.repeat(13) };
  const bytes = Object.entries(values).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + 'String'.length + Buffer.byteLength(value),
    0,
  );
  return bytes + letterRoom;
}

const invocationBytes = (job: string, { id = '' }: TaskInput) => 2 * job.length + Buffer.byteLength(JSON.stringify(id)) + invocationRoom;

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
