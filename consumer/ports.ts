/**
 * What the runtime needs of the world, so that it runs the same on AWS (`aws/`), in an author's test (`testing.ts`) and
 * in virtual time. Types only. Times are epoch milliseconds unless said otherwise.
 */
import type { AttemptRecord, CoolingRecord, StepRecord } from '../lambdas/contract/task-table.ts';
import type { FailedAttempt, Lease, Letter, Report } from '../lambdas/contract/task-wire.ts';
import type { KeptResult } from '../lambdas/domain/task/report.ts';

export interface TaskClock {
  /** Wall clock: for what other machines read. */
  nowMs(): number;
  /** Never goes back: for spacing. Its zero is anywhere. */
  monotonicMs(): number;
  /** Never wakes early by `monotonicMs`. Rejects with the signal's reason when it aborts. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Calls back later, in the background: waiting for it keeps nothing alive. Returns how to call it off. */
  after(milliseconds: number, callback: () => void): () => void;
}

/** A task by its pipeline, id and how often it was put back; of a placed job by `@placed` and its lease's fence. */
export interface TaskReference {
  pipeline: string;
  task: string;
  redrives: number;
}

export interface Claim extends TaskReference {
  holder: string;
  /** When whoever holds it is surely dead, skew included. */
  aliveUntilMs: number;
}

/** Without a holder the task was never claimed: a first receive whose duplicates nobody minds; ending it counts its start. */
export interface HeldTask extends TaskReference {
  holder: string | undefined;
}

export type ClaimAnswer =
  /** Ours now; `before` is what was known of it. */
  | { kind: 'claimed'; before: AttemptRecord | undefined }
  /** Somebody who may be alive has it. */
  | { kind: 'held'; untilMs: number }
  /** Done or dead: never to be run again. */
  | { kind: 'ended'; record: AttemptRecord };

/** How a task ended for good. */
export interface TaskEnd {
  status: 'done' | 'dead';
  keepSeconds: number;
  failed: FailedAttempt[];
  /** Of a task of a job, to report it again. */
  kept?: KeptResult;
  /** Nothing is reported of it, now or when it comes again: there is nobody to hear it, or somebody else goes on with it. */
  untold?: 'cancelled' | 'handedOn';
}

export interface TaskRecords {
  /** Takes the task and counts a start, if nobody alive holds it and it has not ended. A record whose time is over is none. */
  claim(claim: Claim, nowMs: number): Promise<ClaimAnswer>;
  /**
   * The attempt is over and the task comes back: failed (counts) or excused (does not). Frees the claim, if there was
   * one; with `aliveUntilMs` only then, as its code may still run.
   */
  release(claim: HeldTask, end: { excused: boolean; failed: FailedAttempt[]; aliveUntilMs?: number }, nowMs: number): Promise<void>;
  /** Done or dead for good, once: false where it had ended before, or somebody else holds it. */
  end(claim: HeldTask, end: TaskEnd, nowMs: number): Promise<boolean>;
  /** The letter of a dead task is on its queue: it need not be sent again. */
  lettered(task: TaskReference, deadMessageId: string, nowMs: number): Promise<void>;
  /** Forgets the attempts, if the claim is ours still: for a task whose duplicates nobody minds. */
  forget(claim: HeldTask): Promise<void>;
  /** Every recorded step that is still to be kept, by name. */
  steps(task: TaskReference, nowMs: number): Promise<Map<string, StepRecord>>;
  /** Records a step's result; only who holds the task does. */
  recordStep(task: TaskReference, name: string, record: StepRecord): Promise<void>;
  /** Keeps a letter that does not fit on its message. */
  keepLetter(task: TaskReference, letter: Letter, messageId: string | undefined, nowMs: number): Promise<void>;
}

/** For results of steps, and of tasks of jobs, too large for where they belong. */
export interface LargeResults {
  put(key: string, json: string): Promise<void>;
  /** Undefined where it is gone: it was kept long enough. */
  get(key: string): Promise<string | undefined>;
}

export interface JobStates {
  /** Whether the job's tasks may no longer start: what is true now, no older. */
  isCancelled(job: string): Promise<boolean>;
}

/** A word to whoever has leases of placed jobs: that one is still needed, and what else there is to tell. */
export interface LeaseWord {
  /** Who works for the job. */
  holder?: string;
  step?: string;
  /** The work goes on outside the invocation. */
  pending?: true;
}

/** `held`: it lasts its whole length from the moment it was asked for. */
export type LeaseAnswer = { kind: 'held' } | { kind: 'lost'; why: string };

export interface JobLeases {
  /** Rejects where no answer came within `timeoutMs`, or one that says neither. */
  heartbeat(lease: Pick<Lease, 'url' | 'token'>, word: LeaseWord, timeoutMs: number): Promise<LeaseAnswer>;
}

export interface Reports {
  /** Settles when the queue has it. It may be held back for a moment, to go together with others. */
  send(report: Report): Promise<void>;
  /** Nothing is held back any longer. */
  flush(): void;
}

export interface GroupCooling {
  read(pipeline: string): Promise<CoolingRecord | undefined>;
  /** Cools the group until `untilMs` at least, and counts the refusal. Returns what holds now. */
  cool(pipeline: string, until: { untilMs: number; message: string; streak: number }, nowMs: number): Promise<CoolingRecord>;
  /** Has the reconciler look at the group. */
  hint(group: string): Promise<void>;
}

/** A letter and the message it is to travel on. */
export interface LetterMessage {
  body: string;
  /** The author's own and ours, as SQS takes them. */
  attributes: Record<string, { DataType: string; StringValue?: string; BinaryValue?: Uint8Array }>;
  messageGroup: string | undefined;
  deduplicationId: string | undefined;
}

export interface TaskQueue {
  /** Makes a task visible again after whole seconds, 0 up to 43,200. */
  comeBack(receiptHandle: string, seconds: number): Promise<void>;
  /** Deletes it, where no answer of the invocation will. */
  remove(receiptHandle: string): Promise<void>;
  /** Puts a letter on the dead-letter queue; returns the message's id. */
  setAside(message: LetterMessage): Promise<string>;
}

export type PermitAnswer =
  /** `untilMs`: when the holder must have stopped by its own clock, unless it renewed; others wait for the skew, too. */
  | { kind: 'granted'; token: string; untilMs: number }
  | { kind: 'wait'; seconds: number }
  /** The stage has no permit of that name. */
  | { kind: 'unknown' };

/** Who asks for a permit, and how to wake him. */
export interface PermitRequest {
  name: string;
  pipeline: string;
  task: string;
  /** When the asking invocation is surely dead, without skew. */
  deadlineMs: number;
  queueName: string;
  receiptHandle: string;
  /** When the task was first sent: who waits longer goes first. */
  sentAtMs: number;
  /** Receives of its message, this one included: the more, the later it comes back unless it is woken. */
  receives: number;
  /** How long it wants to hold without renewing, as its code may block the event loop. */
  leaseMs?: number | undefined;
}

export interface Permits {
  acquire(request: PermitRequest, nowMs: number): Promise<PermitAnswer>;
  /** Extends the lease, to the moment it returns (as `untilMs` when granted); undefined where it is lost. */
  renew(name: string, token: string, deadlineMs: number, nowMs: number): Promise<number | undefined>;
  /** Whether a place was freed for this waiter: he may have been woken before he was handed back. */
  isOffered(request: Pick<PermitRequest, 'name' | 'pipeline' | 'task'>, nowMs: number): Promise<boolean>;
  /** Gives it back and wakes whoever is next. Never throws for a lease that is gone; where it throws, the lease runs out. */
  release(name: string, token: string, nowMs: number): Promise<void>;
}

export interface Secrets {
  /** `reference` as in the config item: `ssm:/…` or `secretsmanager:…`. */
  read(reference: string): Promise<string>;
}

export interface Ports {
  clock: TaskClock;
  /** 0 up to 1. */
  random(): number;
  newId(): string;
  queue: TaskQueue;
  records: TaskRecords;
  largeResults: LargeResults;
  jobStates: JobStates;
  reports: Reports;
  jobLeases: JobLeases;
  cooling: GroupCooling;
  permits: Permits;
  secrets: Secrets;
  /** One line of the log, with its line feed. */
  writeLine(line: string): void;
}
