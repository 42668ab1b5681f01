/**
 * What the routes of the job API take in path, query and headers, and what they answer besides jobs (job.ts). The functions
 * parse with these schemas, the client is typed by them, and the OpenAPI document is made of them.
 */
import { z } from 'zod';
import { TaskGroup } from './config-item.ts';
import { FunctionReference, Job, JobStatus, JobTask, JobTaskStatus, Priority } from './job.ts';
import { Customer } from './placement.ts';

/** From this many bytes on a body is refused, and its tasks belong into a file. */
export const largestBodyBytes = 2_000_000;
/** S3 takes no more in one request (S3 API reference, PutObject). */
export const largestUploadBytes = 5 * 1_024 ** 3;
/** Longest wait for the end of a job, in seconds: API Gateway gives up after 30. */
export const longestWaitSeconds = 25;
/** A synchronous answer carries the results of no more tasks; there is a file of all of them. */
export const mostResults = 1_000;
/** Bytes of results in one answer; Lambda's may have 6 MB (LDG/gettingstarted-limits). */
export const mostResultBytes = 4_000_000;

const Moment = z.iso.datetime({ offset: true });

/** In a path; what does not look like one is of no job. */
export const JobId = z.string().regex(/^[\w-]{1,64}$/);
/** Of a step of a job that states needs, as `ctx.step` takes it. */
export const StepName = z.string().min(1).max(200);
export const TaskNumber = z.string().regex(/^[1-9]\d{0,11}$/);

/** A query has nothing but text. */
const wholeNumber = (min: number, max: number) =>
  z.preprocess((text) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text), z.int().min(min).max(max));
const trueOrFalse = z.preprocess((text) => (text === 'true' ? true : text === 'false' ? false : text), z.boolean());
const pageOf = (most: number) => wholeNumber(1, most).optional().describe(`Most entries of the page, up to ${most}`);
const cursor = z.string().min(1).max(400).optional().describe('`next` of the page before');

export const NoQuery = z.strictObject({});
export const SubmitQuery = z.strictObject({
  async: trueOrFalse.optional().describe('`false` waits for the end of the job as long as it can; a Prefer header goes over it'),
  dryRun: trueOrFalse.optional().describe('With `body`: `true` stores nothing, and answers where and when the job would start'),
});
export const RetryQuery = z.strictObject({
  from: StepName.optional().describe(
    'Of a job that states needs: this step and those after it run again; default: from the one it failed in',
  ),
});
export const ListJobsQuery = z.strictObject({
  status: JobStatus.optional(),
  taskGroup: TaskGroup.optional(),
  function: FunctionReference.optional().describe('Not together with taskGroup'),
  customer: Customer.optional(),
  pool: TaskGroup.optional().describe('Where it is, or was last; not together with taskGroup or function'),
  priority: Priority.optional(),
  from: Moment.optional().describe('Made then or later; ISO 8601 with Z or an offset (whose `+` is `%2B`)'),
  to: Moment.optional().describe('Made then or earlier'),
  limit: pageOf(100),
  after: cursor,
});
export type ListJobsQuery = z.infer<typeof ListJobsQuery>;
export const ListTasksQuery = z.strictObject({
  status: JobTaskStatus.optional(),
  limit: pageOf(1_000),
  after: wholeNumber(0, 999_999_999_999).optional().describe('`next` of the page before'),
});
export const ResultsQuery = z.strictObject({
  only: z.enum(['all', 'failed']).optional().describe('`failed`: the failed tasks, in a form that can be submitted again; default `all`'),
});
export const StatsQuery = z.strictObject({
  taskGroup: TaskGroup.optional().describe('Only this one'),
  limit: pageOf(100),
  after: cursor,
});
export const PipelinesQuery = z.strictObject({
  taskGroup: TaskGroup.optional().describe('Only this one, whatever characters are in its name'),
  limit: pageOf(100),
  after: cursor,
});

export const IdempotencyKey = z.string().regex(/^[\x21-\x7e]{1,255}$/, 'must be 1-255 visible ASCII characters');

/** With a filter besides `status`, `taskGroup`, `function` and time, a page may be shorter than `limit`, even empty, and still not the last. */
export const JobPage = z.object({ jobs: z.array(Job), next: z.string().optional().describe('There is more: pass it as `after`') });
export type JobPage = z.infer<typeof JobPage>;

/** A page may be shorter than `limit`, even empty, and still not the last: filtering reads only so much at once. */
export const TaskPage = z.object({ tasks: z.array(JobTask), next: z.string().optional().describe('There is more: pass it as `after`') });
export type TaskPage = z.infer<typeof TaskPage>;

export const UploadPlace = z.object({
  upload: z.string().describe('Its id, for `file` of POST /jobs: {"upload": …}'),
  url: z.string(),
  method: z.literal('PUT'),
  headers: z.record(z.string(), z.string()).describe('To be sent with it'),
  expiresAt: Moment.describe('The upload must have begun by then'),
  maxBytes: z.int(),
});
export type UploadPlace = z.infer<typeof UploadPlace>;

export const ResultsPlace = z.object({ url: z.string().describe('GET gives NDJSON, a task a line'), expiresAt: Moment });
export type ResultsPlace = z.infer<typeof ResultsPlace>;
export const ResultsPending = z.object({ message: z.string() });

export const CallbackAnswer = z.object({
  recorded: z.boolean().describe('Whether it counts: the first word on an attempt that is still waited for'),
  message: z.string(),
  job: z.object({ id: z.string(), status: JobStatus }),
});
export type CallbackAnswer = z.infer<typeof CallbackAnswer>;

/** What API Gateway itself says where it refuses a request. */
export const GatewayMessage = z.object({ message: z.string().nullish() });

/** What the function that waits is asked, and what it says. */
export const WaitRequest = z.object({ job: z.string(), seconds: z.number(), withResults: z.boolean() });
export type WaitRequest = z.infer<typeof WaitRequest>;
export const WaitAnswer = z.object({ job: Job.optional() });
export type WaitAnswer = z.infer<typeof WaitAnswer>;
