/**
 * The rules of a job that its form alone does not tell: what excludes what, and what the stage allows. Pure. Whether a
 * group, a file or an upload is there is asked afterwards, by whoever may call AWS.
 */
import { z } from 'zod';
import { JobRequest, TaskInput } from '../../contract/job.ts';
import { functionTarget, groupTarget, needsTarget } from '../../contract/job-messages.ts';
import type { FieldError } from '../../contract/problems.ts';
import type { StageSettings } from '../../contract/settings.ts';
import type { Stage } from '../../contract/stage.ts';
import { bodySchemaProblems } from './body-schema.ts';
import { listedFunction } from './function-reference.ts';
import { needsProblems, statesNeeds } from './needs-rules.ts';
import { taskProblems, timeProblems } from './task-input.ts';
import { webhookProblem } from './webhook-hosts.ts';

const readBody = z.custom<TaskInput['body']>((value) => value !== undefined, 'must be there: any JSON');

/** A request as it is read: what `JSON.parse` gave is JSON, and walking through every body again costs more than all the rest. */
export const ReadJobRequest = JobRequest.extend({
  tasks: z
    .array(TaskInput.extend({ body: readBody }))
    .min(1)
    .optional(),
  body: readBody.optional(),
});

export type Target = { target: string } | { problem: FieldError };

/** Whom the tasks are for; a request that names nobody has the stage's own function. */
export function targetOf(request: JobRequest, stage: Stage): Target {
  const { taskGroup, function: named } = request;
  const { functions, defaultFunction } = stage.settings;
  if (request.body !== undefined) return { target: needsTarget };
  if (taskGroup === undefined && named === undefined && statesNeeds(request))
    return { problem: { field: 'body', message: 'must be there: what a job that states needs hands to its pool' } };
  if (taskGroup !== undefined && named !== undefined)
    return { problem: { field: 'function', message: 'must not be there together with taskGroup' } };
  if (taskGroup !== undefined) return { target: groupTarget(taskGroup) };
  const reference = named ?? defaultFunction;
  if (reference === undefined)
    return { problem: { field: 'taskGroup', message: 'must be there, or function: the stage has no defaultFunction' } };
  const listed = listedFunction(reference, [...(defaultFunction === undefined ? [] : [defaultFunction]), ...functions], stage);
  if (listed !== undefined) return { target: functionTarget(listed) };
  const message = 'is not a function that the stage lists: whoever runs the stage adds it to the setting functions';
  return { problem: { field: 'function', message } };
}

export interface RequestPlace {
  job: string;
  target: string;
  nowMs: number;
  settings: StageSettings;
  dataBucket: string;
}

/** Every rule that is broken, by field. */
export function requestProblems(request: JobRequest, place: RequestPlace): FieldError[] {
  return [
    ...textProblems({ ...request, tasks: undefined, body: undefined }),
    ...needsProblems(request, { ...place, buckets: [place.dataBucket, ...place.settings.inputBuckets] }),
    ...(request.body === undefined
      ? contentProblems(request, place.settings)
      : bodySchemaProblems(place.settings.bodySchema, request.body)),
    ...timeProblems(request, place.nowMs),
    ...onlyForFunctions(request),
    ...(request.body === undefined ? maxima(request, place.settings) : []),
    ...webhookProblems(request, place.settings),
    ...(request.body === undefined ? (request.tasks ?? []) : []).flatMap((task, i) =>
      taskProblems(task, { ...place, n: i + 1 }).map(({ field, message }) => ({ field: `tasks.${i}.${field}`, message })),
    ),
  ];
}

/** Half of a pair of UTF-16 is no character: neither a table nor a key can hold it. Bodies of tasks stay JSON, where it is written out. */
export function textProblems(value: unknown, path = ''): FieldError[] {
  if (typeof value === 'string') return value.isWellFormed() ? [] : [{ field: path, message: 'has half a character (a lone surrogate)' }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => textProblems(inner, path === '' ? key : `${path}.${key}`));
}

function contentProblems({ tasks, file }: JobRequest, { maxTasksPerRequest, inputBuckets }: StageSettings): FieldError[] {
  if (tasks !== undefined && file !== undefined) return [{ field: 'file', message: 'must not be there together with tasks' }];
  if (tasks === undefined && file === undefined) return [{ field: 'tasks', message: 'must be there, or file, or body' }];
  if (tasks !== undefined && tasks.length > maxTasksPerRequest)
    return [
      {
        field: 'tasks',
        message: `has ${tasks.length} entries, a request may carry ${maxTasksPerRequest}: put them into a file (POST /uploads)`,
      },
    ];
  if (file !== undefined && 'bucket' in file && !inputBuckets.includes(file.bucket))
    return [
      {
        field: 'file.bucket',
        message: 'is not a bucket that the stage lists: use POST /uploads, or have it added to the setting inputBuckets',
      },
    ];
  return [];
}

function onlyForFunctions(request: JobRequest): FieldError[] {
  if (request.taskGroup === undefined || request.body !== undefined) return [];
  return (['maxOutstanding', 'maxRetries'] as const)
    .filter((field) => request[field] !== undefined)
    .map((field) => ({ field, message: 'is for functions: a task group has its own limits and retries, in its config item' }));
}

function maxima(request: JobRequest, { maxConcurrentSends, maxBatchSize, maxOutstanding }: StageSettings): FieldError[] {
  const most = { maxConcurrent: maxConcurrentSends, batchSize: maxBatchSize, maxOutstanding };
  return (['maxConcurrent', 'batchSize', 'maxOutstanding'] as const)
    .filter((field) => (request[field] ?? 0) > most[field])
    .map((field) => ({ field, message: `must be at most ${most[field]} on this stage` }));
}

function webhookProblems({ webhook }: JobRequest, { webhookHosts }: StageSettings): FieldError[] {
  const message = webhook && webhookProblem(webhook.url, webhookHosts);
  return message === undefined ? [] : [{ field: 'webhook.url', message }];
}
