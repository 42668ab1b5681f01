/** The rules of a job that states needs (`body`) instead of naming who does its tasks, and what only such a job may have. Pure. */
import type { JobRequest } from '../../contract/job.ts';
import { queueLimits } from '../../contract/limits.ts';
import type { FieldError } from '../../contract/problems.ts';
import { taskAttributes } from '../../contract/task-wire.ts';
import { queueMessage } from './message.ts';
import { runAtMs } from './task-input.ts';

export interface NeedsPlace {
  job: string;
  nowMs: number;
  /** Buckets whose objects jobs may name as inputs. */
  buckets: readonly string[];
}

/** Fields that only a job with `body` has, and those that it has not. */
export const withBody = ['needs', 'inputs', 'affinity', 'objective', 'startBy', 'steps'] as const;
export const withoutBody = ['taskGroup', 'function', 'tasks', 'file'] as const;
export const ofManyTasks = ['strict', 'maxFailures', 'maxConcurrent', 'batchSize', 'maxOutstanding'] as const;

/** Whether anything is said that only a job with `body` may say. */
export const statesNeeds = (request: JobRequest) => given(request, withBody).length > 0;

/** Also of a job that names who does it: then it is what it must not have. */
export function needsProblems(request: JobRequest, place: NeedsPlace): FieldError[] {
  if (request.body === undefined)
    return given(request, withBody).map((field) => ({ field, message: 'is for a job that states needs: it has body in place of tasks' }));
  return [
    ...given(request, withoutBody).map((field) => ({
      field,
      message: 'must not be there together with body: a pool is found by its needs',
    })),
    ...given(request, ofManyTasks).map((field) => ({ field, message: 'is for jobs of many tasks: one with body has one' })),
    ...startByProblems(request, place.nowMs),
    ...inputProblems(request, place.buckets),
    ...stepProblems(request),
    ...bodyProblems(request, place),
  ];
}

const given = <Field extends keyof JobRequest>(request: JobRequest, fields: readonly Field[]) =>
  fields.filter((field) => request[field] !== undefined);

function startByProblems(request: JobRequest, nowMs: number): FieldError[] {
  if (request.startBy === undefined) return [];
  const startByMs = Date.parse(request.startBy);
  if (startByMs <= nowMs) return [{ field: 'startBy', message: 'is over already' }];
  const at = runAtMs(request, nowMs);
  if (at === undefined || at < startByMs) return [];
  return [{ field: request.runAt === undefined ? 'delaySeconds' : 'runAt', message: 'must be before startBy' }];
}

/** S3 takes keys of 1,024 bytes (S3 user guide, object-keys). */
const keyBytes = 1_024;

const inputProblems = ({ inputs = [] }: JobRequest, buckets: readonly string[]): FieldError[] =>
  inputs.flatMap(({ bucket, key }, i) => [
    ...(buckets.includes(bucket)
      ? []
      : [{ field: `inputs.${i}.bucket`, message: 'is not a bucket that the stage lists: have it added to the setting inputBuckets' }]),
    ...(Buffer.byteLength(key) <= keyBytes ? [] : [{ field: `inputs.${i}.key`, message: `has more than ${keyBytes} bytes` }]),
  ]);

const stepProblems = ({ steps = [] }: JobRequest): FieldError[] =>
  steps.flatMap((name, i) => (steps.indexOf(name) < i ? [{ field: `steps.${i}`, message: 'is there twice' }] : []));

/** A lease as a message carries it, at its longest: an address of 1 KB, and a token. */
const leaseBytes = taskAttributes.lease.length + 'String'.length + 2_048;
/** No character of JSON takes more bytes than six. */
const surelySmallCharacters = Math.floor((queueLimits.messageBytes - 8_192) / 6);

function bodyProblems({ body = null }: JobRequest, { job, nowMs }: NeedsPlace): FieldError[] {
  if (JSON.stringify(body).length <= surelySmallCharacters) return [];
  const context = { job, taskGroup: '', fifo: true, life: 0, nowMs, deadlineMs: nowMs };
  const bytes = queueMessage({ n: 1, body }, context).bytes + leaseBytes;
  if (bytes <= queueLimits.messageBytes) return [];
  const message = `takes ${bytes} bytes with what travels with it, ${queueLimits.messageBytes} fit: put what is large into S3 and name it in inputs`;
  return [{ field: 'body', message }];
}
