/**
 * Consumers at work, in virtual time: what Lambda's pollers and reserved concurrency make of a queue full of tasks.
 * A model of its own, small enough for hundreds of thousands of tasks; the control plane is not in it.
 *
 * Pollers hold up to MaximumConcurrency batches whatever is reserved (LDG/services-sqs-scaling). A batch that meets no
 * free reserved slot is throttled: it is tried again until its visibility timeout, then the message is back on the
 * queue with its receive count spent (LDG/services-sqs-errorhandling). The receive after maxReceiveCount moves it to
 * the dead-letter queue.
 */
import { between, type Random } from './aws/random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface ConsumerSettings {
  /** Reserved concurrency of the function; undefined: nothing reserved, the mapping is the only cap. */
  reserved: number | undefined;
  maximumConcurrency: number;
  visibilitySeconds: number;
  maxReceiveCount: number;
  /** How long a task takes. */
  taskMs: () => number;
  /** From the end of one task to the start of the next in the same poller: delete, receive, invoke. */
  gapMs: { min: number; max: number };
  /** Delay before the nth new try of a throttled batch. */
  throttledRetryMs: (tries: number) => number;
  /** Which visible message a receive gets: any (standard queues sample their servers), or the one longest there. */
  receives: 'any' | 'oldest';
}

/** A mapping starts with 5 batches at once and adds 300 a minute (LDG/services-sqs-scaling). */
const firstPollers = 5;
const pollersAddedPerSecond = 5;

interface Task {
  receiveCount: number;
  started: boolean;
}

export class ConsumerPipeline {
  settings: ConsumerSettings;
  readonly #clock: VirtualClock;
  readonly #random: Random;
  #visible: Task[] = [];
  #oldest = 0;
  #polling = 0;
  #allowedPollers = firstPollers;
  #running = 0;
  #runningSinceMs = 0;
  #busyMs = 0;
  #stopped = false;
  startedAtMs = 0;
  finishedAtMs = 0;
  submitted = 0;
  done = 0;
  throttles = 0;
  spentReceives = 0;
  peak = 0;
  /** Dead letters that were started at least once, and that never were. */
  readonly deadLetters = { tried: 0, neverTried: 0 };

  constructor(clock: VirtualClock, random: Random, settings: ConsumerSettings) {
    this.#clock = clock;
    this.#random = random;
    this.settings = settings;
  }

  submit(tasks: number): void {
    if (this.submitted === 0) this.#start();
    this.submitted += tasks;
    for (let i = 0; i < tasks; i += 1) this.#visible.push({ receiveCount: 0, started: false });
    this.#fillPollers();
  }

  /** Takes the mapping away: what runs goes on to its end. */
  stop(): void {
    this.#stopped = true;
  }

  get waiting(): number {
    return this.#visible.length - this.#oldest;
  }

  get finished(): boolean {
    return this.done + this.deadLetters.tried + this.deadLetters.neverTried === this.submitted;
  }

  /** Busy slots over time since the start, as a share of `limit` slots. */
  utilisation(limit: number): number {
    const endMs = this.finished ? this.finishedAtMs : this.#clock.nowMs();
    const busyMs = this.#busyMs + this.#running * (this.#clock.nowMs() - this.#runningSinceMs);
    return busyMs / (limit * (endMs - this.startedAtMs));
  }

  #start(): void {
    this.startedAtMs = this.#clock.nowMs();
    this.#runningSinceMs = this.startedAtMs;
    const ramp = () => {
      this.#allowedPollers += pollersAddedPerSecond;
      this.#fillPollers();
      if (this.#allowedPollers < this.settings.maximumConcurrency && !this.#stopped) this.#clock.after(1_000, ramp);
    };
    this.#clock.after(1_000, ramp);
  }

  #fillPollers(): void {
    while (!this.#stopped && this.#polling < Math.min(this.#allowedPollers, this.settings.maximumConcurrency) && this.waiting > 0) {
      this.#polling += 1;
      this.#clock.after(this.#gap(), () => this.#receive());
    }
  }

  #receive(): void {
    const task = this.#stopped ? undefined : this.#take();
    if (!task) {
      this.#polling -= 1;
      return;
    }
    task.receiveCount += 1;
    this.#invoke(task, this.#clock.nowMs() + this.settings.visibilitySeconds * 1_000, 1);
  }

  /** The next message; those received too often go to the dead-letter queue on the way. */
  #take(): Task | undefined {
    for (let task = this.#pick(); task; task = this.#pick()) {
      if (task.receiveCount < this.settings.maxReceiveCount) return task;
      this.deadLetters[task.started ? 'tried' : 'neverTried'] += 1;
      this.finishedAtMs = this.#clock.nowMs();
    }
    return undefined;
  }

  #pick(): Task | undefined {
    const tasks = this.#visible;
    if (this.settings.receives === 'oldest') {
      const task = tasks[this.#oldest];
      if (task) this.#oldest += 1;
      if (this.#oldest > 10_000) {
        this.#visible = tasks.slice(this.#oldest);
        this.#oldest = 0;
      }
      return task;
    }
    const at = Math.floor(this.#random() * tasks.length);
    const task = tasks[at];
    const last = tasks.pop();
    if (task && last && task !== last) tasks[at] = last;
    return task;
  }

  #invoke(task: Task, visibleAgainMs: number, tries: number): void {
    if (this.#running < (this.settings.reserved ?? Number.POSITIVE_INFINITY)) {
      this.#run(task);
      return;
    }
    this.throttles += 1;
    const delayMs = this.settings.throttledRetryMs(tries);
    if (this.#clock.nowMs() + delayMs < visibleAgainMs) this.#clock.after(delayMs, () => this.#invoke(task, visibleAgainMs, tries + 1));
    else this.#clock.after(visibleAgainMs - this.#clock.nowMs(), () => this.#giveBack(task));
  }

  #giveBack(task: Task): void {
    this.spentReceives += 1;
    if (this.settings.receives === 'oldest' && this.#oldest > 0) {
      this.#oldest -= 1;
      this.#visible[this.#oldest] = task;
    } else this.#visible.push(task);
    this.#polling -= 1;
    this.#fillPollers();
  }

  #run(task: Task): void {
    task.started = true;
    this.#count(1);
    this.#clock.after(this.settings.taskMs(), () => {
      this.#count(-1);
      this.done += 1;
      this.finishedAtMs = this.#clock.nowMs();
      this.#clock.after(this.#gap(), () => this.#receive());
    });
  }

  #count(change: 1 | -1): void {
    const nowMs = this.#clock.nowMs();
    this.#busyMs += this.#running * (nowMs - this.#runningSinceMs);
    this.#runningSinceMs = nowMs;
    this.#running += change;
    this.peak = Math.max(this.peak, this.#running);
  }

  #gap(): number {
    return between(this.#random, this.settings.gapMs.min, this.settings.gapMs.max);
  }
}
