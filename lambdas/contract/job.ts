/**
 * A job as the API takes and shows it: the schemas that the functions parse with, the client is typed by and the OpenAPI
 * document is made of. Bounds that a stage sets (tasks per request, maxima) are checked in `domain/job/request-rules.ts`.
 */
import { z } from 'zod';
import { TaskGroup } from './config-item.ts';
import { Affinity, Customer, JobInput, Needs, Objective, PlacementReason, Quantities } from './placement.ts';
import { errorClasses } from './task-wire.ts';

/** PENDING → RUNNING → COMPLETED | FAILED | CANCELLED; `retry` makes a job that has ended PENDING again. */
export const JobStatus = z.enum(['PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED']);
export type JobStatus = z.infer<typeof JobStatus>;
export const hasEnded = (status: JobStatus) => status !== 'PENDING' && status !== 'RUNNING';

/** What a placed job comes to; each change from one to the other is told of, numbered in its order. */
export const JobState = z.enum(['validating', 'scheduled', 'waiting', 'started', 'retrying', 'completed', 'failed', 'cancelled']);
export type JobState = z.infer<typeof JobState>;

/** `pending`: stored, not sent; `queued`: sent and not ended, it may run; `retrying`: failed and comes back. */
export const JobTaskStatus = z.enum(['pending', 'queued', 'retrying', 'done', 'failed', 'cancelled']);
export type JobTaskStatus = z.infer<typeof JobTaskStatus>;

/** Who waits goes in this order, and running jobs of one target share it by {@link priorityWeights}. */
export const priorities = ['critical', 'high', 'normal', 'low'] as const;
export const Priority = z.enum(priorities);
export type Priority = z.infer<typeof Priority>;
export const priorityWeights: Record<Priority, number> = { critical: 8, high: 4, normal: 2, low: 1 };

/** ISO 8601 with an offset or Z. */
const Moment = z.iso.datetime({ offset: true });
/** Ten years: longer is a mistake in the unit. */
const longestSeconds = 315_360_000;
const delaySeconds = z.int().min(0).max(longestSeconds).describe('Seconds to wait before it may start');
const runAt = Moment.describe('When it may start at the earliest; ISO 8601 with Z or an offset');
const timeoutSeconds = z.int().min(1).max(longestSeconds);

/** One task as submitted: an entry of `tasks`, or a line of an NDJSON file. */
export const TaskInput = z.strictObject({
  id: z.string().min(1).max(256).optional().describe('Your own name for the task; comes back with its result'),
  body: z.json().describe('What the consumer is handed: any JSON'),
  runAt: runAt.optional(),
  delaySeconds: delaySeconds.optional(),
  timeoutSeconds: timeoutSeconds.optional().describe('Seconds from its sending to its end; over, it has failed'),
  messageGroup: z
    .string()
    .regex(/^[\w!"#$%&'()*+,\-./:;<=>?@[\\\]^`{|}~]{1,128}$/, 'must be 1-128 letters, digits and punctuation')
    .optional()
    .describe('Of a FIFO group: tasks of one message group run in order; default the job'),
});
export type TaskInput = z.infer<typeof TaskInput>;

const UploadId = z.string().regex(/^[\w-]{1,64}$/, 'must be the id that POST /uploads gave');

/** Where the tasks of a large job are: NDJSON, a {@link TaskInput} a line, plain or gzip. */
export const TaskFile = z.union([
  z.strictObject({ upload: UploadId.describe('The id that POST /uploads gave') }),
  z.strictObject({
    bucket: z.string().min(3).max(63).describe('A bucket that the stage lists (inputBuckets)'),
    key: z.string().min(1).max(1_024),
    versionId: z.string().min(1).max(1_024).optional(),
  }),
]);
export type TaskFile = z.infer<typeof TaskFile>;

export const Webhook = z.strictObject({
  url: z
    .url({ protocol: /^https$/ })
    .max(2_048)
    .describe('https, of a host that the stage lists'),
});

/** Lambda function by name, or ARN. */
export const FunctionReference = z
  .string()
  .regex(
    /^(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:)?[\w-]{1,64}(:(\$LATEST|[\w-]{1,128}))?$/,
    'must be the name or ARN of a Lambda function',
  );

export const JobRequest = z.strictObject({
  taskGroup: TaskGroup.optional().describe('Whose pipeline runs the tasks; its consumer must report (`consumer: sluice`)'),
  function: FunctionReference.optional().describe('Instead of a task group: a Lambda function of the stage, invoked once per task'),
  tasks: z.array(TaskInput).min(1).optional().describe('The tasks themselves; more of them go into a file'),
  file: TaskFile.optional(),
  body: z.json().optional().describe('In place of a task group or a function: the one task of a job that states needs, for a pool'),
  needs: Needs.optional().describe('With `body`: what the pool must offer'),
  inputs: z.array(JobInput).max(100).optional().describe('With `body`: what it reads; checked before it takes a place, and placed near'),
  affinity: Affinity.optional().describe('With `body`: the pool it wants'),
  objective: Objective.optional().describe('With `body`: what decides among pools that fit; default spread'),
  startBy: Moment.optional().describe('With `body`: not started by then, it has failed; ISO 8601'),
  steps: z
    .array(z.string().min(1).max(200))
    .min(1)
    .max(100)
    .optional()
    .describe('With `body`: names of its steps in their order, as the consumer names them'),
  customer: Customer.optional(),
  strict: z.boolean().optional().describe('One bad line fails the whole job before anything is sent; default: it fails its own task'),
  name: z.string().min(1).max(200).optional(),
  priority: Priority.optional().describe('Default normal'),
  runAt: runAt.optional(),
  delaySeconds: delaySeconds.optional(),
  timeoutSeconds: timeoutSeconds.optional().describe('Seconds from its start to its end; over, what has not ended has failed'),
  maxFailures: z.int().min(0).optional().describe('Failed tasks with which the job still counts as COMPLETED; default 0'),
  maxConcurrent: z.int().min(1).optional().describe('Sends in flight at once; default 20'),
  batchSize: z.int().min(1).optional().describe('Tasks read ahead at once; default 50'),
  maxOutstanding: z.int().min(1).optional().describe('With `function`: tasks accepted and without a result at once; default maxConcurrent'),
  maxRetries: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .describe('With `function` or `body`: further attempts after a TRANSIENT or RESOURCE failure; default 3'),
  webhook: Webhook.optional(),
});
export type JobRequest = z.infer<typeof JobRequest>;

export const jobDefaults = {
  priority: 'normal',
  maxFailures: 0,
  maxConcurrent: 20,
  batchSize: 50,
  maxRetries: 3,
  /** Of a task of a function, in seconds, from its invocation to its result. */
  functionTimeoutSeconds: 900,
} as const;

export const ErrorClassName = z.enum(errorClasses);

export const TaskError = z.object({
  class: ErrorClassName,
  message: z.string(),
  step: z.string().optional().describe('The step it failed in'),
  line: z.int().optional().describe('Line of the file, of a task that was no task'),
});
export type TaskError = z.infer<typeof TaskError>;

/** Of a job that was placed on a pool: who works for it. */
export const JobLease = z.object({
  pool: z.string(),
  fence: z.int().describe('Number of the lease; a word of an older one does not count'),
  holder: z.string().optional(),
  grantedAt: Moment,
  heartbeatAt: Moment.optional(),
  expiresAt: Moment.describe('Without a word by then it is lost, and the job goes on elsewhere'),
  step: z.string().optional(),
});
export type JobLease = z.infer<typeof JobLease>;

/** One task as shown. */
export const JobTask = z.object({
  n: z.int().describe('Its number within the job, 1 for the first; the `taskId` of paths'),
  id: z.string().optional().describe('Your own name for it'),
  status: JobTaskStatus,
  attempts: z.int().optional().describe('Attempts spent, once it has ended or failed'),
  result: z.json().optional().describe('What the consumer returned'),
  resultTooLarge: z.boolean().optional().describe('The result is only in the results file'),
  error: TaskError.optional(),
  updatedAt: Moment.optional(),
});
export type JobTask = z.infer<typeof JobTask>;

export const Job = z.object({
  id: z.string(),
  status: JobStatus,
  message: z.string().describe('One line: what is so'),
  taskGroup: z.string().optional(),
  function: z.string().optional(),
  name: z.string().optional(),
  customer: z.string().optional(),
  needs: Needs.optional().describe('Of a job that states needs, as are the next'),
  affinity: Affinity.optional(),
  objective: Objective.optional(),
  maxRetries: z.int().optional(),
  startBy: Moment.optional(),
  pool: z.string().optional().describe('Where it is, or was last'),
  reason: PlacementReason.optional().describe('Why there'),
  quantities: Quantities.optional().describe('What it takes of the pool'),
  attempts: z.int().optional().describe('Leases it had'),
  history: z
    .array(z.object({ attempt: z.int(), class: ErrorClassName, message: z.string(), time: Moment, step: z.string().optional() }))
    .optional(),
  findings: z.array(z.string()).optional().describe('What the validator had to say'),
  lease: JobLease.optional(),
  priority: Priority,
  total: z.int().optional().describe('Tasks; absent while the file is being read'),
  dispatched: z.int().describe('Tasks sent'),
  processed: z.int().describe('completed + failed'),
  completed: z.int(),
  failed: z.int(),
  retrying: z.int().describe('Failed at least once and coming back'),
  deadLettered: z.int().describe('Of the failed: those in a dead-letter queue'),
  cancelled: z.int().describe('Of a cancelled job: tasks that never ended'),
  ratePerSecond: z.number().optional().describe('Tasks that ended per second since it started'),
  estimatedEndAt: Moment.optional(),
  maxFailures: z.int(),
  life: z.int().describe('How often its failed tasks were retried'),
  warnings: z.array(z.string()).optional(),
  createdAt: Moment,
  runAt: Moment.optional(),
  startedAt: Moment.optional(),
  endedAt: Moment.optional(),
  result: z.json().optional().describe('Of a job of one task: its result'),
  error: TaskError.optional().describe('Of a job of one task that failed: why'),
  results: z.array(JobTask).optional().describe('Of a synchronous answer: every task, up to 1,000'),
});
export type Job = z.infer<typeof Job>;

/** What `POST /jobs` answers at once. */
export const JobAccepted = z.object({ id: z.string(), status: JobStatus, message: z.string() });
export type JobAccepted = z.infer<typeof JobAccepted>;

/** RFC 9457 problem details. */
export const Problem = z.object({
  type: z.string().describe('Which kind of problem: a path of the documentation'),
  title: z.string(),
  status: z.int(),
  detail: z.string().optional(),
  errors: z
    .array(z.object({ field: z.string().describe('Path of the field at fault'), message: z.string() }))
    .optional()
    .describe('Every field at fault'),
});
export type Problem = z.infer<typeof Problem>;

/** How a function, or whoever works for it, ends one task. */
export const TaskResult = z.union([
  z.strictObject({ status: z.literal('done'), result: z.json().optional() }),
  z.strictObject({
    status: z.literal('failed'),
    class: ErrorClassName.optional().describe('Default TRANSIENT, which is tried again'),
    message: z.string().max(10_000),
    step: z.string().max(200).optional(),
  }),
]);
export type TaskResult = z.infer<typeof TaskResult>;

/** What a function is invoked with, once per attempt. */
export const TaskInvocation = z.object({
  v: z.literal(1),
  job: z.string(),
  /** The task's number, as text. */
  task: z.string(),
  id: z.string().optional(),
  attempt: z.int(),
  body: z.json(),
  /** `POST` a {@link TaskResult} there with `Authorization: Bearer <token>`. */
  callback: z.object({ url: z.string(), token: z.string() }),
  /** No later result counts; ISO 8601. */
  deadline: z.string(),
});
export type TaskInvocation = z.infer<typeof TaskInvocation>;

/** Published to the jobs topic, and posted to the job's webhook. */
export const JobEvent = z.object({
  /** The same for every delivery of one event. */
  id: z.string(),
  /** Of a job that is not placed on a pool, its ends alone. */
  type: z.templateLiteral(['job.', JobState]),
  time: Moment,
  sequence: z.int().optional().describe('Of a placed job: number of this change of its state, 1 for the first'),
  pool: z.string().optional().describe('Of a placed job: where it was then'),
  class: ErrorClassName.optional().describe('Of a placed job: what kind of failure it was'),
  job: Job,
});
export type JobEvent = z.infer<typeof JobEvent>;
