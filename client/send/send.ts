/** Sends tasks straight to the queue of a group, many batches at once, in memory that does not grow with their number. */

import { queueLimits } from '../../lambdas/contract/limits.ts';
import { pauseMs } from '../api/attempt-rules.ts';
import type { Clock } from '../api/clock.ts';
import type { Refused } from '../aws/task-queue.ts';
import { type NotSent, NotSentError, SluiceClientError } from '../errors.ts';
import { batchesOf, isTooLarge, type Message } from './batches.ts';
import { messagesOf, type SendOptions } from './messages.ts';

export interface TaskQueue {
  url: string;
  /** Gives those that were not taken. */
  send: (batch: Message[], delaySeconds: number | undefined, signal: AbortSignal | undefined) => Promise<Refused[]>;
  group: string;
}

/** What one message's refusal is tried again so often. */
const triesPerMessage = 5;
const defaultConcurrent = 20;

export async function sendTasks<Task>(
  queue: TaskQueue,
  clock: Clock,
  tasks: Iterable<Task> | AsyncIterable<Task>,
  options: SendOptions<Task>,
): Promise<{ sent: number }> {
  const fifo = queue.url.endsWith('.fifo');
  checkDelay(options.delaySeconds, fifo);
  const run = new SendRun(queue, clock, options.delaySeconds, options.signal);
  await run.all(messagesOf(tasks, queue.group, fifo, options), options.maxConcurrent ?? (fifo ? 1 : defaultConcurrent));
  return run.end();
}

function checkDelay(delaySeconds: number | undefined, fifo: boolean): void {
  if (delaySeconds === undefined) return;
  if (fifo) throw new SluiceClientError('A FIFO queue delays no single task; submit a job with delaySeconds instead.');
  const { min, max } = queueLimits.delaySeconds;
  if (!Number.isInteger(delaySeconds) || delaySeconds < min || delaySeconds > max)
    throw new SluiceClientError(
      `SQS delays by ${min} to ${max} whole seconds, not ${delaySeconds}; for longer submit a job with delaySeconds.`,
    );
}

class SendRun {
  readonly #queue: TaskQueue;
  readonly #clock: Clock;
  readonly #delaySeconds: number | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #notSent: NotSent[] = [];
  #sent = 0;
  /** Why nothing more is read: a call that failed for good fails for the next batch, too. */
  #stopped: { error: unknown } | undefined;

  constructor(queue: TaskQueue, clock: Clock, delaySeconds: number | undefined, signal: AbortSignal | undefined) {
    this.#queue = queue;
    this.#clock = clock;
    this.#delaySeconds = delaySeconds;
    this.#signal = signal;
  }

  async all(messages: AsyncIterable<Message>, maxConcurrent: number): Promise<void> {
    const inFlight = new Set<Promise<void>>();
    try {
      for await (const batch of batchesOf(this.#fitting(messages))) {
        if (inFlight.size >= maxConcurrent) await Promise.race(inFlight);
        if (this.#stopped) {
          this.#refuse(batch, 'not tried: a batch before it failed');
          break;
        }
        const sending = this.#batch(batch).finally(() => inFlight.delete(sending));
        inFlight.add(sending);
      }
    } catch (error) {
      // The caller's own tasks ended with an error, or one of them has no form: what was sent is told all the same.
      this.#stopped ??= { error };
    }
    await Promise.all(inFlight);
  }

  end(): { sent: number } {
    if (this.#notSent.length === 0 && !this.#stopped) return { sent: this.#sent };
    const notSent = this.#notSent.toSorted((a, b) => a.n - b.n);
    throw new NotSentError(this.#message(notSent), this.#sent, notSent, this.#stopped !== undefined, { cause: this.#stopped?.error });
  }

  #message([first, ...others]: NotSent[]): string {
    const { group } = this.#queue;
    const some = first ? ` ${others.length + 1} were not, the first of them task ${first.n}: ${first.reason}.` : '';
    const cause = this.#stopped ? ` It stopped there: ${textOf(this.#stopped.error)}.` : '';
    return `${this.#sent} tasks were sent to ${JSON.stringify(group)}.${some}${cause} \`notSent\` lists them.`;
  }

  /** Without those that SQS takes on no queue. */
  async *#fitting(messages: AsyncIterable<Message>): AsyncGenerator<Message> {
    for await (const message of messages) {
      if (isTooLarge(message)) this.#refuse([message], `it is larger than the ${queueLimits.messageBytes} bytes that SQS takes`);
      else yield message;
    }
  }

  async #batch(batch: Message[]): Promise<void> {
    let left = batch;
    try {
      for (let tries = 1; left.length > 0; tries += 1) {
        this.#signal?.throwIfAborted();
        if (tries > 1) await this.#clock.sleep(pauseMs(tries - 1, undefined, this.#clock.random()), this.#signal);
        const refused = await this.#queue.send(left, this.#delaySeconds, this.#signal);
        this.#sent += left.length - refused.length;
        left = this.#worthAnotherTry(refused, tries);
      }
    } catch (error) {
      this.#refuse(left, textOf(error));
      this.#stopped ??= { error };
    }
  }

  #worthAnotherTry(refused: Refused[], tries: number): Message[] {
    const again = refused.filter(({ passing }) => passing && tries < triesPerMessage);
    for (const { message, reason } of refused.filter((one) => !again.includes(one))) this.#refuse([message], reason);
    return again.map(({ message }) => message);
  }

  #refuse(messages: Message[], reason: string): void {
    this.#notSent.push(...messages.map(({ n, id, task }) => ({ n, id, task, reason })));
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
