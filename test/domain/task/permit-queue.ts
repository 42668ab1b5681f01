/** What a run of the permit's model is made of, and the queue in it: hands tasks out again and again until they are done. */
import type { VirtualClock } from '../../double/virtual-clock.ts';

export interface TaskPlan {
  group: string;
  /** Relative to the beginning; negative: it waits since long. */
  sentMs: number;
  /** Before it asks for the permit, and while it holds it. */
  prepareMs: number;
  workMs: number;
  /** How long its code goes on after it was aborted; up to 3,000. */
  stopMs: number;
}

export interface Plan {
  seed: number;
  tasks: TaskPlan[];
  /** Limits by the time from which they hold. */
  limits: { atMs: number; limit: number }[];
  timeoutMs: number;
  /** Any two clocks differ by up to this. */
  skewMs: number;
  /** Until then calls fail, processes crash and block; 0: never. */
  faultsUntilMs: number;
  /** Tasks of a group that run at once. */
  concurrency: number;
  /** What the item's writes forget to check. */
  forget?: 'version' | 'limit';
}

export interface Task extends TaskPlan {
  id: string;
  receives: number;
  receipt: string;
  done: boolean;
  /** Of the last change of visibility; an older one's timer does nothing. */
  visibility: number;
}

export class ModelQueue {
  receivesInAll = 0;
  readonly #clock: VirtualClock;
  readonly #plan: Pick<Plan, 'timeoutMs' | 'concurrency'>;
  readonly #run: (task: Task, receipt: string) => Promise<void>;
  readonly #visible = new Map<string, Task[]>();
  readonly #running = new Map<string, number>();

  constructor(clock: VirtualClock, plan: Pick<Plan, 'timeoutMs' | 'concurrency'>, run: (task: Task, receipt: string) => Promise<void>) {
    this.#clock = clock;
    this.#plan = plan;
    this.#run = run;
  }

  showLater(task: Task, milliseconds: number): void {
    task.visibility += 1;
    const { visibility } = task;
    this.#clock.after(milliseconds, () => {
      if (task.done || task.visibility !== visibility) return;
      const visible = this.#visible.get(task.group) ?? [];
      this.#visible.set(task.group, [...visible, task]);
      this.#handOut(task.group);
    });
  }

  /** False where the handle is of no use any more. */
  changeVisibility(task: Task, receipt: string, seconds: number): boolean {
    if (task.done || task.receipt !== receipt) return false;
    if ((this.#visible.get(task.group) ?? []).includes(task)) return true;
    this.showLater(task, seconds * 1_000);
    return true;
  }

  #handOut(group: string): void {
    const running = this.#running.get(group) ?? 0;
    const [task, ...rest] = this.#visible.get(group) ?? [];
    if (!task || running >= this.#plan.concurrency) return;
    this.#visible.set(group, rest);
    this.#running.set(group, running + 1);
    task.receives += 1;
    this.receivesInAll += 1;
    task.receipt = `${task.id}#${task.receives}`;
    this.showLater(task, this.#plan.timeoutMs + 30_000);
    void this.#run(task, task.receipt).finally(() => {
      this.#running.set(group, (this.#running.get(group) ?? 1) - 1);
      this.#handOut(group);
    });
    this.#handOut(group);
  }
}
