/** Room was made: the groups it fits are looked at, in order of arrival. Hops are bounded; beyond them the sweep does it. */
import { sendHints } from '../aws/hint-queues.ts';
import { type Hint, maxHops } from '../contract/messages.ts';
import type { Look } from './look.ts';

/** All the group holds, and its place among those who wait. */
export async function giveRoomBack(look: Look): Promise<void> {
  const { next } = await look.services.reservations.settle(look.lambda.paced, look.taskGroup, 0);
  await hintNext(look, next);
}

export async function hintNext({ services, hint }: Look, next: readonly string[]): Promise<void> {
  if (next.length === 0 || hint.hops >= maxHops) return;
  const hints = next.map((taskGroup): Hint => ({ kind: 'group', taskGroup, class: 'change', hops: hint.hops + 1 }));
  await sendHints(services.clients.sqs, services.hintQueues, 'change', hints);
}
