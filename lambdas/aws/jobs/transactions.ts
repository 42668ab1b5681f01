/** Transactions of the jobs table: which of its parts was refused, and what is only somebody else's at the same time. */
import { TransactWriteCommand, type TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import type { Clients } from '../clients.ts';
import { isTransactionCancelled } from '../errors.ts';

export type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];

/** `refused`: places of the parts whose condition does not hold; none where others were at the same items. */
export type Transacted = { done: true } | { done: false; refused: number[] };

const Cancelled = z.object({ CancellationReasons: z.array(z.object({ Code: z.string().optional() })).default([]) });

export async function transact(documents: Clients['documents'], TransactItems: TransactItem[]): Promise<Transacted> {
  try {
    await documents.send(new TransactWriteCommand({ TransactItems }));
    return { done: true };
  } catch (error) {
    if (!isTransactionCancelled(error)) throw error;
    const { data } = Cancelled.safeParse(error);
    const refused = (data?.CancellationReasons ?? []).flatMap(({ Code }, place) => (Code === 'ConditionalCheckFailed' ? [place] : []));
    return { done: false, refused };
  }
}

/** Tries in a row before it is given up: with a pause between them that many at the same item are more than there are writers. */
const mostTries = 30;

export interface Retrying {
  clock: { sleep(milliseconds: number): Promise<void> };
  random: () => number;
}

/** `attempt` gives undefined where somebody else was faster: it is made again, from what is there then. */
export async function untilDecided<T>({ clock, random }: Retrying, what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const decided = await attempt();
    if (decided !== undefined) return decided;
    await clock.sleep(random() * Math.min(500, 10 * 2 ** tries));
  }
  throw new Error(`${what}: others changed it at the same time, ${mostTries} times in a row`);
}
