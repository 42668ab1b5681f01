/**
 * The jobs table: what the job service remembers. Keys `pk`, `sk`; `expiresAt` (epoch seconds) is its TTL attribute, and
 * an item whose time is over counts as absent (DynamoDB deletes it only within days).
 *
 *   pk                   sk                            what
 *   job#<job>            meta                          {@link JobRow}
 *   job#<job>            count#<shard>                 {@link Counts}: what its tasks have come to, in parts that are added up
 *   tasks#<job>#<shard>  task#<n>                      {@link TaskRow}: there once there is something to say of the task
 *   chunks#<job>         chunk#<life>#<sequence>       {@link ChunkRow}: tasks that were sent together, for their deadlines
 *   later#<job>          <dueMs>#<n>                   {@link LaterRow}: a task that is to be sent later
 *   scheduler            slots                         {@link SlotsRow}: which jobs run
 *   waiting              <rank>#<readyAtMs>#<job>      {@link WaitingRow}: may start when there is a slot
 *   scheduled            <runAtMs>#<job>               {@link ScheduledRow}: may wait for a slot from then on
 *   intake               <createdAtMs>#<job>           {@link IntakeRow}: its file is to be read
 *   outbox               <event>                       {@link OutboxRow}: an event that is to be delivered
 *   results#<job>        <only>-<life>                 {@link ResultsRow}: a results file that is being written, in several runs
 *   idempotency          <key>                         {@link IdempotencyRow}
 *   target#<target>      pace                          {@link PaceRow}: how fast a target works
 *
 * Besides, placement-table.ts: what is kept of jobs that state needs.
 *
 * The indices list jobs by time: `by-time` (listKey), `by-target` (target), `by-status` (status), each with `createdKey`.
 */
import { z } from 'zod';
import { ErrorClassName, JobState, JobStatus, Priority, TaskError, Webhook } from './job.ts';
import { Placed } from './placement-table.ts';

export const jobsExpiryAttribute = 'expiresAt';
export const jobIndexes = {
  time: { name: 'by-time', key: 'listKey' },
  target: { name: 'by-target', key: 'target' },
  status: { name: 'by-status', key: 'status' },
} as const;
export const jobIndexSortKey = 'createdKey';
/** `listKey` of every job. */
export const everyJob = 'job';

/** Tasks are spread over this many partitions, and so are the counts: 1,000 ends a second are 63 writes a second of one key. */
export const shards = 16;

const digits = (value: number, length: number) => String(value).padStart(length, '0');
export const jobKey = (job: string) => ({ pk: `job#${job}`, sk: 'meta' });
export const countKey = (job: string, shard: number) => ({ pk: `job#${job}`, sk: `count#${digits(shard, 2)}` });
export const taskPartition = (job: string, shard: number) => `tasks#${job}#${digits(shard, 2)}`;
export const taskSortKey = (n: number) => `task#${digits(n, 12)}`;
export const taskRowKey = (job: string, n: number) => ({ pk: taskPartition(job, n % shards), sk: taskSortKey(n) });
export const chunksPartition = (job: string) => `chunks#${job}`;
export const chunkKey = (job: string, life: number, sequence: number) => ({
  pk: chunksPartition(job),
  sk: `chunk#${digits(life, 4)}#${digits(sequence, 8)}`,
});
export const laterPartition = (job: string) => `later#${job}`;
export const laterKey = (job: string, dueMs: number, n: number) => ({
  pk: laterPartition(job),
  sk: `${digits(dueMs, 15)}#${digits(n, 12)}`,
});
export const slotsKey = { pk: 'scheduler', sk: 'slots' };
export const waitingPartition = 'waiting';
export const waitingKey = (priority: Priority, readyAtMs: number, job: string) => ({
  pk: waitingPartition,
  sk: `${Priority.options.indexOf(priority)}#${digits(readyAtMs, 15)}#${job}`,
});
export const scheduledPartition = 'scheduled';
export const scheduledKey = (runAtMs: number, job: string) => ({ pk: scheduledPartition, sk: `${digits(runAtMs, 15)}#${job}` });
export const intakePartition = 'intake';
export const intakeKey = (createdAtMs: number, job: string) => ({ pk: intakePartition, sk: `${digits(createdAtMs, 15)}#${job}` });
export const outboxPartition = 'outbox';
export const outboxKey = (event: string) => ({ pk: outboxPartition, sk: event });
/** Of a results file, in `resultsFiles` of its job as well. */
export const resultsName = (only: 'all' | 'failed', life: number) => `${only}-${life}`;
export const resultsKey = (job: string, name: string) => ({ pk: `results#${job}`, sk: name });
export const idempotencyKey = (key: string) => ({ pk: 'idempotency', sk: key });
export const paceKey = (target: string) => ({ pk: `target#${target}`, sk: 'pace' });

/** Where in its task file a job is: the number of the last task sent, and the byte after it. */
export const Cursor = z.object({ n: z.number(), byte: z.number() });
export type Cursor = z.infer<typeof Cursor>;
export const startOfFile: Cursor = { n: 0, byte: 0 };

/** Where the tasks come from before they are normalized. */
export const TaskSource = z.object({
  bucket: z.string(),
  key: z.string(),
  versionId: z.string().optional(),
  /** Of the object when the job was accepted: another one is not read. */
  etag: z.string(),
  bytes: z.number(),
});
export type TaskSource = z.infer<typeof TaskSource>;

/** How far the source was read; a multipart upload of the normalized file is under way. */
export const IntakeProgress = z.object({
  /** Of the source as it is stored, where it is plain; of what it unpacks to, where it is gzip. */
  byte: z.number(),
  line: z.number(),
  /** Tasks so far, bad ones included. */
  n: z.number(),
  good: z.number(),
  writtenBytes: z.number(),
  /** Empty as long as no part is there. */
  uploadId: z.string(),
  /** ETags of its parts. */
  parts: z.array(z.string()),
  /** Key of an object with lines too few for a part, which come next. */
  restKey: z.string().optional(),
});
export type IntakeProgress = z.infer<typeof IntakeProgress>;

export const JobRow = z.object({
  job: z.string(),
  target: z.string(),
  status: JobStatus,
  listKey: z.literal(everyJob),
  createdKey: z.string(),
  createdAtMs: z.number(),
  /** Of the caller who made it, for people. */
  createdBy: z.string().optional(),
  name: z.string().optional(),
  /** Whom it is for. */
  customer: z.string().optional(),
  /** Of a job that states needs: what it needs, and where it is on its way to an end. */
  placed: Placed.optional(),
  priority: Priority,
  maxFailures: z.number(),
  maxConcurrent: z.number(),
  batchSize: z.number(),
  maxOutstanding: z.number(),
  maxRetries: z.number(),
  strict: z.boolean().default(false),
  timeoutSeconds: z.number().optional(),
  runAtMs: z.number().optional(),
  webhook: Webhook.optional(),
  /** Key of what the tokens of its tasks are made with; never shown. */
  tokenKey: z.string(),
  /** Absent where the tasks came with the request: the task file is there from the start. */
  source: TaskSource.optional(),
  intake: IntakeProgress.optional(),
  /** Tasks of the job, bad ones included; absent while the file is read. */
  total: z.number().optional(),
  /** Of the task file, in bytes; absent as long as `total`. */
  fileBytes: z.number().optional(),
  /** Why it failed as a whole. */
  failure: z.string().optional(),
  warnings: z.array(z.string()).default([]),
  /** When its task file was last made young again, so that the bucket keeps it. */
  renewedAtMs: z.number().optional(),
  /** Times its failed tasks were retried. */
  life: z.number().default(0),
  /** Since it last became able to wait for a slot; part of the key of its waiting row. */
  readyAtMs: z.number().optional(),
  startedAtMs: z.number().optional(),
  /** Ends what has not ended then. */
  deadlineMs: z.number().optional(),
  /** How far that was done. */
  overdueAt: Cursor.nullish(),
  endedAtMs: z.number().optional(),
  /** How far the task file was sent in this life. */
  cursor: Cursor.default(startOfFile),
  /** Whether every task of this life was sent or put aside for later. */
  sentAll: z.boolean().default(false),
  /** Tasks sent, in all lives one each. */
  dispatched: z.number().default(0),
  /** Next chunk's number. */
  chunks: z.number().default(0),
  /** When the next task that was put aside is due, or the next chunk's deadline: a look is wanted by then. */
  nextLookMs: z.number().nullish(),
  /** When the first of its chunks is due. */
  nextChunkMs: z.number().nullish(),
  /** The dispatcher wants to be told when this many tasks are processed. */
  refillAt: z.number().nullish(),
  /** Object keys of results files, by `<only>-<life>`. */
  resultsFiles: z.record(z.string(), z.string()).default({}),
  /** Raised by every write of the dispatcher: a stale one does not get through. */
  revision: z.number().default(0),
  expiresAt: z.number().optional(),
});
export type JobRow = z.output<typeof JobRow>;

/** Numbers of a job's tasks that have come to this; a row of it per shard, added up. */
export const Counts = z.object({
  completed: z.number().default(0),
  failed: z.number().default(0),
  deadLettered: z.number().default(0),
  retrying: z.number().default(0),
  /** Sent again, by `retry` or after a failed attempt of a function, and not heard of since. */
  queued: z.number().default(0),
  /** Of the tasks that ended: those that had never been sent, such as lines that are no task. */
  unsent: z.number().default(0),
});
export type Counts = z.output<typeof Counts>;
export const noCounts: Counts = { completed: 0, failed: 0, deadLettered: 0, retrying: 0, queued: 0, unsent: 0 };

export const TaskRow = z.object({
  n: z.number(),
  id: z.string().optional(),
  /** `queued`: only of a task that was sent again, by `retry` or after a failed attempt of a function. */
  status: z.enum(['queued', 'retrying', 'done', 'failed']),
  /** The life of the task that this is about: `redrives` of its message. */
  life: z.number().default(0),
  /** Attempts spent in this life. */
  attempt: z.number().default(0),
  /** JSON. */
  result: z.string().optional(),
  /** Key of an object in the data bucket. */
  resultKey: z.string().optional(),
  error: TaskError.optional(),
  deadLettered: z.boolean().default(false),
  /** It first ended without having been sent. */
  unsent: z.boolean().default(false),
  updatedAtMs: z.number(),
  /** Raised by every write. */
  revision: z.number().default(0),
  expiresAt: z.number(),
});
export type TaskRow = z.output<typeof TaskRow>;

/** Tasks sent together: n from `fromN` to `toN`, or those named. */
export const ChunkRow = z.object({
  life: z.number(),
  sequence: z.number(),
  fromN: z.number(),
  toN: z.number(),
  /** Bytes of the task file that hold them; absent with `ns`. */
  fromByte: z.number().optional(),
  toByte: z.number().optional(),
  /** Tasks that are not in a row, with the attempt each was sent for, and where each is in the task file. */
  ns: z.array(z.object({ n: z.number(), attempt: z.number(), fromByte: z.number(), toByte: z.number() })).optional(),
  sentAtMs: z.number(),
  /** Tasks of the range that were to start later than this were put aside, and are in another chunk. */
  asOfMs: z.number(),
  /** Looked at then: the earliest of the deadlines of those that have not ended. */
  dueMs: z.number(),
  expiresAt: z.number(),
});
export type ChunkRow = z.output<typeof ChunkRow>;

/** A task to be sent when it is due. */
export const LaterRow = z.object({
  n: z.number(),
  dueMs: z.number(),
  /** Attempt it is sent for; 1 for the first. */
  attempt: z.number().default(1),
  life: z.number().default(0),
  /** Counts as sent already: it was taken to be sent, and could not be. */
  taken: z.boolean().default(false),
  /** Where it is in the task file. */
  fromByte: z.number(),
  toByte: z.number(),
  expiresAt: z.number(),
});
export type LaterRow = z.output<typeof LaterRow>;

/** Jobs that run, by id. */
export const SlotsRow = z.object({
  running: z.record(z.string(), z.object({ target: z.string(), customer: z.string().optional(), sinceMs: z.number() })).default({}),
  revision: z.number().default(0),
});
export type SlotsRow = z.output<typeof SlotsRow>;

export const WaitingRow = z.object({
  job: z.string(),
  target: z.string(),
  customer: z.string().optional(),
  priority: Priority,
  readyAtMs: z.number(),
});
export type WaitingRow = z.output<typeof WaitingRow>;
export const ScheduledRow = z.object({ job: z.string(), runAtMs: z.number() });
export type ScheduledRow = z.output<typeof ScheduledRow>;
export const IntakeRow = z.object({ job: z.string(), createdAtMs: z.number() });
export type IntakeRow = z.output<typeof IntakeRow>;

/** An event that happened; goes when it was delivered, or given up. Whoever makes it sets no more than the first six and the last. */
export const OutboxRow = z.object({
  event: z.string(),
  job: z.string(),
  life: z.number(),
  status: JobStatus,
  atMs: z.number(),
  /** Of a placed job: which change of its state, and what was so then. */
  change: z.object({ state: JobState, sequence: z.number(), pool: z.string().optional(), class: ErrorClassName.optional() }).optional(),
  /** What is delivered, as JSON: made by the first try, so that every delivery has the same bytes. */
  payload: z.string().optional(),
  /** Tries that began. */
  attempts: z.number().default(0),
  /** Nobody tries before, and who began a try is not disturbed. */
  nextTryMs: z.number().optional(),
  /** Whether the topic has it. */
  published: z.boolean().default(false),
  /** Whether the FIFO topic has it: the next event of its job waits for that. */
  ordered: z.boolean().default(false),
  /** Whether the webhook has it, or it was given up. */
  posted: z.boolean().default(false),
  expiresAt: z.number(),
});
export type OutboxRow = z.output<typeof OutboxRow>;

/** A results file: by whom it is being written, and how far it was, where that takes several runs. */
export const ResultsRow = z.object({
  /** The last task whose line was written, and the byte of the task file behind it. */
  cursor: Cursor.default(startOfFile),
  /** Of the multipart upload; absent as long as no part is there. */
  uploadId: z.string().optional(),
  etags: z.array(z.string()).default([]),
  /** Key of an object with lines too few for a part, which come next. */
  restKey: z.string().optional(),
  holder: z.string(),
  /** Until then nobody else writes it; 0 where it was handed on. */
  heldUntilMs: z.number(),
  expiresAt: z.number(),
});
export type ResultsRow = z.output<typeof ResultsRow>;

export const IdempotencyRow = z.object({ job: z.string(), requestHash: z.string(), expiresAt: z.number() });
export type IdempotencyRow = z.output<typeof IdempotencyRow>;

/** How a target works: how deep its queue should be, measured. */
export const PaceRow = z.object({
  /** Tasks a second, smoothed. */
  ratePerSecond: z.number(),
  /** Tasks of running jobs that had ended when it was measured, to tell the next measure's progress. */
  processed: z.record(z.string(), z.number()).default({}),
  measuredAtMs: z.number(),
  depth: z.number(),
  expiresAt: z.number(),
});
export type PaceRow = z.output<typeof PaceRow>;

/** A task as it is in the task file: a line of JSON. */
export const StoredTask = z.object({
  n: z.number(),
  id: z.string().optional(),
  body: z.json(),
  runAtMs: z.number().optional(),
  timeoutSeconds: z.number().optional(),
  messageGroup: z.string().optional(),
});
export type StoredTask = z.infer<typeof StoredTask>;

/** Event id: one per end of a job. No full stop in it: what is signed of a webhook has one behind the id. */
export const eventId = (job: string, life: number, status: JobStatus) => `${job}_${life}_${status.toLowerCase()}`;
/** Of a placed job: one per change of its state, so that the one before is known by its number. */
export const changeEventId = (job: string, sequence: number) => `${job}_${sequence}`;
