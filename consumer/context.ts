/** What a task function is given besides its body. Types only. */

/** A log line with the task's ids on it. Never log a secret. */
export interface TaskLog {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What comes back of a value that went through JSON: a Date is a string, an undefined or a function in an object is gone. */
export type Recorded<T> = T extends string | number | boolean | null
  ? T
  : T extends { toJSON(): infer J }
    ? Recorded<J>
    : // biome-ignore lint/suspicious/noConfusingVoidType: a step that returns nothing is fine, and resumes with nothing.
      T extends undefined | void
      ? undefined
      : T extends (...args: never[]) => unknown
        ? never
        : // Of a tuple this is a tuple, of an array an array.
          { [K in keyof T]: Recorded<T[K]> };

export interface TaskContext {
  /** The sender's id (attribute `sluice.task`), or the first message's id; the same over retries, dead letters and redrives. */
  readonly taskId: string;
  readonly group: string;
  /** The job it belongs to, if any. */
  readonly job: string | undefined;
  /** 1 for the first; one that was rate-limited, handed back or waited for a permit does not count. Those of a placed job count over all pools. */
  readonly attempt: number;
  /** When the task is aborted. */
  readonly deadline: Date;
  /** Milliseconds until then. */
  remainingMs(): number;
  /** Aborts at the deadline, and when a permit or the lease of its job is lost. Hand it to whatever you call. */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /** The value of a secret the config item names (SSM or Secrets Manager), kept for five minutes. */
  secret(name: string): Promise<string>;
  /**
   * Runs `fn` once and records its result; a later attempt gets the recorded result instead. The result must be JSON;
   * what is returned went through JSON also the first time. `name`: 1-200 characters, unique within the task.
   */
  step<T>(name: string, fn: () => T | Promise<T>): Promise<Recorded<Awaited<T>>>;
  /**
   * Runs `fn` while holding one of the stage's permits of that name (stage setting `permits`). Where none is free the
   * attempt ends here without counting, and the task comes back when it is its turn: so ask early, before other work.
   * Inside itself the same name is the permit that is held already. Take nested names in one order everywhere. A task that
   * is aborted through `signal` as its permit was lost must stop within three seconds: others may hold it then.
   */
  withPermit<T>(name: string, fn: () => T | Promise<T>, options?: PermitOptions): Promise<T>;
  /** Sleeps; rejects when `signal` aborts. */
  sleep(milliseconds: number): Promise<void>;
  readonly message: TaskMessage;
  /** Of a job that was placed on this pool. */
  readonly lease: TaskLease | undefined;
  /**
   * For a task of a placed job: `return ctx.pending()` says that the work goes on elsewhere, and whoever does it has
   * `ctx.lease`. The lease stays and nothing is reported. `note`: who does it, shown as the job's holder. Throws a
   * `PermanentError` where there is no lease.
   */
  pending(note?: string): Pending;
}

export interface PermitOptions {
  /**
   * How long the permit is held without word from here; default 60, and more for permits of over 100 places. It is renewed
   * each third of that, so raise it for code that blocks the event loop for longer than half of it. A holder that crashes
   * keeps its place as long, though never past its function's timeout (and five seconds, as clocks differ).
   */
  readonly leaseSeconds?: number;
}

/** Of a job that was placed on this pool: the right to work for it, to be handed on to whatever does the work. */
export interface TaskLease {
  /** Shown as `Authorization: Bearer <token>`. */
  readonly token: string;
  /** The job's own address: `POST <url>/heartbeat`, `/steps/<name>`, `/result`, `/failure`. */
  readonly url: string;
  /** Its number: a word of an older lease of the job does not count. */
  readonly fence: number;
  /** Without a heartbeat for so long it is lost; one is due each third of it. */
  readonly leaseSeconds: number;
}

/** What {@link TaskContext.pending} gives, to be returned. */
export interface Pending {
  readonly note: string | undefined;
}

/** The SQS message as it came. */
export interface TaskMessage {
  readonly id: string;
  readonly sentAt: Date;
  /** Receives so far, this one included; also counts throttled and handed-back ones, unlike `attempt`. */
  readonly receives: number;
  /** The author's own attributes of type String and Number. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The message group of a FIFO task. */
  readonly messageGroup: string | undefined;
}
