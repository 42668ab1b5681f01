/**
 * What the partner writes down about one group: who came, how many at once, whom it refused. Pure: time is an argument,
 * in milliseconds, and never goes back.
 */
export interface Figures {
  limit: number;
  inFlight: number;
  /** Most calls at once, refused ones counted while they came. */
  peakInFlight: number;
  /** Most calls that came within any one second, refused ones too. */
  mostStartsInASecond: number;
  startsInTheLastSecond: number;
  /** Seconds in which at least one call was above the limit. */
  secondsAboveLimit: number;
  refused: number;
  /** Different tasks that were served to the end. */
  done: number;
  /** Calls let in for a task that had been let in before. */
  repeated: number;
  /** Since the first call, until the last task of all was taken up or now. */
  secondsWithBacklog: number;
  tasksPerSecond: number;
  /** Share of the limit that was used while there was a backlog, 0 to 1. */
  used: number;
}

export class Account {
  readonly limit: number;
  readonly expectedTasks: number;
  #inFlight = 0;
  #peak = 0;
  #refused = 0;
  #repeated = 0;
  #mostStarts = 0;
  #recentStarts: number[] = [];
  #badSeconds = new Set<number>();
  #started = new Set<string>();
  #done = new Set<string>();
  #firstAt: number | undefined;
  #changedAt = 0;
  #busyMs = 0;
  /** The moment the last task of all was taken up: the backlog is gone, and the measure ends. */
  #backlogEnd: { atMs: number; busyMs: number } | undefined;
  #lastDoneAt: number | undefined;

  constructor(limit: number, expectedTasks: number) {
    this.limit = limit;
    this.expectedTasks = expectedTasks;
  }

  /** A call comes; false: it is above the limit and refused. */
  arrive(task: string, nowMs: number): boolean {
    this.#firstAt ??= nowMs;
    this.#countStart(nowMs);
    this.#peak = Math.max(this.#peak, this.#inFlight + 1);
    if (this.#inFlight >= this.limit) {
      this.#refused += 1;
      this.#badSeconds.add(Math.floor((nowMs - this.#firstAt) / 1_000));
      return false;
    }
    this.#settle(nowMs);
    this.#inFlight += 1;
    if (this.#started.has(task)) this.#repeated += 1;
    this.#started.add(task);
    if (this.#started.size === this.expectedTasks) this.#backlogEnd ??= { atMs: nowMs, busyMs: this.#busyMs };
    return true;
  }

  /** A call that was let in has been served. */
  leave(task: string, nowMs: number): void {
    this.#settle(nowMs);
    this.#inFlight -= 1;
    this.#done.add(task);
    this.#lastDoneAt = nowMs;
  }

  /** A call that was let in went away before it was served. */
  abandon(task: string, nowMs: number): void {
    this.#settle(nowMs);
    this.#inFlight -= 1;
    if (!this.#done.has(task)) this.#started.delete(task);
  }

  get finished(): boolean {
    return this.#done.size >= this.expectedTasks;
  }

  figures(nowMs: number): Figures {
    this.#settle(nowMs);
    const end = this.#backlogEnd ?? { atMs: nowMs, busyMs: this.#busyMs };
    const first = this.#firstAt ?? nowMs;
    const backlogMs = end.atMs - first;
    const servedMs = (this.finished ? (this.#lastDoneAt ?? nowMs) : nowMs) - first;
    return {
      limit: this.limit,
      inFlight: this.#inFlight,
      peakInFlight: this.#peak,
      mostStartsInASecond: this.#mostStarts,
      startsInTheLastSecond: this.#recentStarts.filter((at) => at > nowMs - 1_000).length,
      secondsAboveLimit: this.#badSeconds.size,
      refused: this.#refused,
      done: this.#done.size,
      repeated: this.#repeated,
      secondsWithBacklog: backlogMs / 1_000,
      tasksPerSecond: servedMs > 0 ? (this.#done.size * 1_000) / servedMs : 0,
      used: backlogMs > 0 ? end.busyMs / (this.limit * backlogMs) : 0,
    };
  }

  #countStart(nowMs: number): void {
    this.#recentStarts = this.#recentStarts.filter((at) => at > nowMs - 1_000);
    this.#recentStarts.push(nowMs);
    this.#mostStarts = Math.max(this.#mostStarts, this.#recentStarts.length);
  }

  #settle(nowMs: number): void {
    this.#busyMs += this.#inFlight * (nowMs - this.#changedAt);
    this.#changedAt = nowMs;
  }
}
