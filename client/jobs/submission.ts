/** What a caller submits: a job of the API, whose tasks may come from anywhere. Types only. */
import type { JobRequest, TaskFile, TaskInput } from '../../lambdas/contract/job.ts';

/** Bytes of NDJSON, plain or gzip: a task a line. Node's and the web's streams are. */
export type ByteSource = AsyncIterable<Uint8Array | string>;

/** One task: a body of anything that JSON can say, and what the API takes besides. */
export type Task = Omit<TaskInput, 'body'> & { body: unknown };

export interface Submission extends Omit<JobRequest, 'tasks' | 'file' | 'body'> {
  /** Read once, and never all at once: a generator of millions will do. */
  tasks?: Iterable<Task> | AsyncIterable<Task>;
  /** In their place: path of an NDJSON file, plain or gzip; a stream of one; or what is in S3 already. */
  file?: TaskFile | string | URL | ByteSource;
  /** In place of both, and of a task group or a function: the one task of a job that states needs, for a pool. Anything that JSON can say. */
  body?: unknown;
}

export interface UploadProgress {
  /** `packing`: the tasks are read and compressed; `sending`: that is on its way. */
  phase: 'packing' | 'sending';
  /** Read so far while packing, sent so far while sending. */
  bytes: number;
  /** Of what is sent; unknown while packing. */
  totalBytes: number | undefined;
}

export interface SubmitOptions {
  /** The same job comes of the same key, however often it is submitted. Default: a new one for each call. */
  idempotencyKey?: string;
  /** Called now and then while something too large for a request is uploaded. */
  onUpload?: (progress: UploadProgress) => void;
  signal?: AbortSignal;
}
