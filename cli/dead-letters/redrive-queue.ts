/**
 * Puts the letters of one dead-letter queue back: receive a page, send it, delete it, at a given rate. Sent first: what is
 * cut off in between is there twice, with the same task id and number of redrives, by which a consumer knows a duplicate.
 * What does not match stays hidden until the end, so that nothing is received twice. docs/decisions/0017-redrive-loop.md.
 */
import type { Stage } from '../aws/connect.ts';
import { deleteMessages, makeVisible, receivedPages } from '../aws/dead-letter-queue.ts';
import { explained } from '../aws/letter-records.ts';
import { send } from '../aws/put-back.ts';
import { HelpfulError } from '../helpful-error.ts';
import { batches } from './batches.ts';
import { classOf, type DeadLetter, deadLetter } from './dead-letter.ts';
import { count, type Filter, matches } from './filter.ts';
import { Held, mostHeld } from './held.ts';
import { batchSize, hiddenSeconds, nextDueMs } from './pace.ts';
import type { DeadLetterQueue, Target } from './queues.ts';
import type { RedriveReport } from './redrive-report.ts';
import { type Redriven, redriven } from './redriven.ts';

export interface RedriveClock {
  nowMs(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<unknown>;
}

export interface RedriveOptions {
  clock: RedriveClock;
  filter: Filter;
  /** Tasks a second, over all queues. */
  rate: number;
  dryRun: boolean;
  signal?: AbortSignal;
  /** Letters that came later are left: a task that dies again at once must not go round for ever. */
  startedAtMs: number;
}

interface Queues {
  queue: DeadLetterQueue;
  from: string;
  to: string;
  target: Extract<Target, { open: true }>;
}

type Entry = { dead: DeadLetter; task: Redriven };

export class Redrive {
  readonly #stage: Stage;
  readonly #options: RedriveOptions;
  readonly #report: RedriveReport;
  #dueMs = 0;

  constructor(stage: Stage, options: RedriveOptions, report: RedriveReport) {
    this.#stage = stage;
    this.#options = options;
    this.#report = report;
  }

  async queue(queues: Queues): Promise<void> {
    const { rate, signal } = this.#options;
    const { sqs } = this.#stage.clients;
    const held = new Held();
    const most = mostHeld[queues.queue.name.endsWith('.fifo') ? 'fifo' : 'standard'];
    try {
      for await (const page of receivedPages(sqs, queues.from, hiddenSeconds(rate), signal)) {
        const fresh = page
          .map((message) => deadLetter(message, queues.queue))
          .filter((dead) => held.add(dead.messageId, dead.receiptHandle));
        await this.#page(queues, held, await Promise.all(fresh.map((dead) => explained(this.#stage, dead))));
        if (held.size >= most) {
          this.#report.notAllSeen.push(queues.queue.name);
          return;
        }
      }
    } finally {
      await makeVisible(sqs, queues.from, held.handles());
    }
  }

  async #page(queues: Queues, held: Held, page: DeadLetter[]): Promise<void> {
    const { rate, signal } = this.#options;
    // One by one where order counts: of a batch any entry may be refused alone.
    const size = queues.target.fifo ? 1 : batchSize(rate);
    for (const batch of batches(this.#chosen(queues, page), size)) {
      await this.#turn(batch.length);
      if (signal?.aborted) return;
      await this.#putBack(queues, held, batch);
    }
  }

  #chosen({ queue, target }: Queues, page: DeadLetter[]): Entry[] {
    const { filter, dryRun, startedAtMs, clock } = this.#options;
    const entries: Entry[] = [];
    for (const dead of page) {
      if (!matches(filter, dead)) this.#report.passedOver += 1;
      else if (dead.sentAtMs > startedAtMs) this.#report.cameLater += 1;
      else {
        const task = redriven(dead, target, clock.nowMs());
        if (!task)
          this.#report.refused.push({
            group: queue.group,
            task: dead.task,
            why: 'its attributes and body leave no room for the letter it needs',
          });
        else if (dryRun) count(this.#report.putBack, classOf(dead));
        else entries.push({ dead, task });
      }
    }
    return entries;
  }

  async #turn(tasks: number): Promise<void> {
    const { rate, signal, clock } = this.#options;
    await clock.sleep(Math.max(0, this.#dueMs - clock.nowMs()), signal);
    this.#dueMs = nextDueMs(this.#dueMs, clock.nowMs(), tasks, rate);
  }

  async #putBack({ queue, from, to, target }: Queues, held: Held, batch: Entry[]): Promise<void> {
    const { sqs } = this.#stage.clients;
    const notTaken = await send(
      sqs,
      to,
      batch.map(({ task }) => task),
    );
    const [refusal] = notTaken.values();
    if (target.fifo && refusal !== undefined)
      throw new HelpfulError(
        `Stopped, to keep the order: ${batch[0]?.dead.task} of ${queue.group} was refused: ${refusal}. Run it again to go on.`,
      );
    const sent = batch.filter((_, place) => !notTaken.has(place));
    for (const [place, why] of notTaken) this.#report.refused.push({ group: queue.group, task: batch[place]?.dead.task ?? '', why });
    for (const { dead } of sent) {
      count(this.#report.putBack, classOf(dead));
      held.remove(dead.messageId);
    }
    if (sent.length > 0)
      this.#report.notDeleted += await deleteMessages(
        sqs,
        from,
        sent.map(({ dead }) => dead.receiptHandle),
      );
  }
}
