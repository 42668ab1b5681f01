/** What `createClient` makes: the methods, in the words of the jobs. Types only. docs/client.md teaches it. */
import type { Job, JobAccepted, JobStatus, JobTask, JobTaskStatus, Priority, TaskInput } from '../lambdas/contract/job.ts';
import type { ConcurrencyStats, PipelineView, SettingView } from '../lambdas/contract/job-api-stage.ts';
import type { Explanation, JobChange, Limits, PoolCapacity } from '../lambdas/contract/lease-api.ts';
import type { ReportedCapacity } from '../lambdas/contract/placement.ts';
import type { ResultLine } from './jobs/result-line.ts';
import type { Submission, SubmitOptions } from './jobs/submission.ts';
import type { WaitOptions } from './jobs/wait.ts';
import type { SendOptions } from './send/messages.ts';

export interface Interruptible {
  signal?: AbortSignal;
}

export interface JobFilter extends Interruptible {
  status?: JobStatus;
  taskGroup?: string;
  function?: string;
  customer?: string;
  /** Where it is, or was last: of jobs that state needs. */
  pool?: string;
  priority?: Priority;
  /** When they were made: ISO 8601. */
  from?: string;
  to?: string;
}

export interface SluiceClient {
  /** Hands in a job and waits for nothing: the answer comes once it is stored. Uploads by itself what is too large for a request. */
  submit(job: Submission, options?: SubmitOptions): Promise<JobAccepted>;
  /** Until the job has ended, however it has. */
  wait(id: string, options?: WaitOptions): Promise<Job>;
  submitAndWait(job: Submission, options?: SubmitOptions & WaitOptions): Promise<Job>;
  get(id: string, options?: Interruptible): Promise<Job>;
  /** What has not started never runs. */
  cancel(id: string, options?: Interruptible): Promise<Job>;
  /** Tries the failed tasks of a job that has ended again; one that states needs goes on `from` this step, default the one it failed in. */
  retry(id: string, options?: Interruptible & { from?: string }): Promise<Job>;
  /** Why a job waits, or why it is where it is; when it starts. */
  explain(id: string, options?: Interruptible): Promise<Explanation>;
  /** What `explain` would say of it; nothing is stored. Only of a job that states needs. */
  dryRun(job: Submission, options?: Interruptible): Promise<Explanation>;
  /** Of a job that states needs, while it waits. */
  change(id: string, change: JobChange, options?: Interruptible): Promise<Job>;
  /** Takes a job off its pool; it is tried again. */
  release(id: string, options?: Interruptible): Promise<Job>;
  /** Every task with its result; waits until the file of them is written. */
  results(id: string, options?: Interruptible & { only?: 'all' }): AsyncIterable<ResultLine>;
  /** The failed ones alone, in a form that can be submitted again. */
  results(id: string, options: Interruptible & { only: 'failed' }): AsyncIterable<TaskInput>;
  /** The same as lines of JSON, as they are in the file: a number that JavaScript has no room for stays what it is. */
  resultLines(id: string, options?: Interruptible & { only?: 'all' | 'failed' }): AsyncIterable<string>;
  /** As they are now, in the order of their numbers. */
  tasks(id: string, filter?: Interruptible & { status?: JobTaskStatus }): AsyncIterable<JobTask>;
  /** The newest first. */
  jobs(filter?: JobFilter): AsyncIterable<Job>;
  /** Straight to the queue of a group, without a job: nobody counts them. Throws a `NotSentError` that lists what was not sent. */
  send<Task>(group: string, tasks: Iterable<Task> | AsyncIterable<Task>, options?: SendOptions<Task>): Promise<{ sent: number }>;
  /** Of up to 100 groups at once, or of one; `next` of the answer goes into `after`. */
  stats(options?: Interruptible & { taskGroup?: string; limit?: number; after?: string }): Promise<ConcurrencyStats>;
  limits(options?: Interruptible): Promise<Limits>;
  /** Replaces what is named: `overall`, and each customer (null: none of its own any more). They act at once; gives all that hold then. */
  setLimits(limits: Limits, options?: Interruptible): Promise<Limits>;
  /** For a pool that can take less at present than its config item says. Gives what counts then. */
  reportCapacity(pool: string, capacity: ReportedCapacity, options?: Interruptible): Promise<PoolCapacity>;
  config(options?: Interruptible): Promise<SettingView[]>;
  pipelines(options?: Interruptible): AsyncIterable<PipelineView>;
  /** Undefined where there is none of this group. */
  pipeline(group: string, options?: Interruptible): Promise<PipelineView | undefined>;
}
