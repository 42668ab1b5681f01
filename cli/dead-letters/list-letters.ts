/** Looks through dead-letter queues: receives letters, which hides them, and makes them visible again. */
import type { Stage } from '../aws/connect.ts';
import { makeVisible, queueUrl, receivedPages } from '../aws/dead-letter-queue.ts';
import { explained } from '../aws/letter-records.ts';
import { type DeadLetter, deadLetter, deadSinceMs } from './dead-letter.ts';
import { type Filter, matches } from './filter.ts';
import { Held, mostHeld } from './held.ts';
import type { DeadLetterQueue } from './queues.ts';

/** For as long a redrive or a purge that runs meanwhile does not see them, should this process end without a word. */
const hiddenSeconds = 300;

/** Queues looked at side by side: most of thousands are empty. */
const atOnce = 10;

export interface Listing {
  /** Oldest death first within a group; at most `limit`. */
  letters: DeadLetter[];
  /** Some were not looked at. */
  more: boolean;
  queuesSeen: number;
}

export interface ListOptions {
  filter: Filter;
  limit: number;
  signal?: AbortSignal;
}

export async function listLetters(
  stage: Stage,
  queues: AsyncIterable<DeadLetterQueue>,
  options: ListOptions,
  listing: Listing,
): Promise<void> {
  const source = queues[Symbol.asyncIterator]();
  const work = async () => {
    for (let next = await source.next(); !next.done; next = await source.next()) {
      if (listing.more || options.signal?.aborted) return;
      await lookThrough(stage, next.value, options, listing);
      listing.queuesSeen += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  listing.letters.sort(inOrder);
}

async function lookThrough(stage: Stage, queue: DeadLetterQueue, { filter, limit, signal }: ListOptions, listing: Listing): Promise<void> {
  const { sqs } = stage.clients;
  const url = await queueUrl(sqs, queue.name);
  if (url === undefined) return;
  const held = new Held();
  const most = mostHeld[queue.name.endsWith('.fifo') ? 'fifo' : 'standard'];
  try {
    for await (const page of receivedPages(sqs, url, hiddenSeconds, signal)) {
      const fresh = page.map((message) => deadLetter(message, queue)).filter((dead) => held.add(dead.messageId, dead.receiptHandle));
      const found = (await Promise.all(fresh.map((dead) => explained(stage, dead)))).filter((dead) => matches(filter, dead));
      const room = limit - listing.letters.length;
      listing.letters.push(...found.slice(0, room));
      // A page of nothing new: those seen first are visible again.
      listing.more ||= found.length > room || held.size >= most || fresh.length === 0;
      if (listing.more) return;
    }
  } finally {
    await makeVisible(sqs, url, held.handles());
  }
}

const inOrder = (a: DeadLetter, b: DeadLetter) =>
  a.queue.group === b.queue.group ? deadSinceMs(a) - deadSinceMs(b) : a.queue.group < b.queue.group ? -1 : 1;
