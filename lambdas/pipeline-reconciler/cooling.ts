/** A group whose target said "too many": read, noted in the status, and looked at again when it is over. */
import { sendHints } from '../aws/hint-queues.ts';
import { type Hint, maxHops } from '../contract/messages.ts';
import { type Cooling, judgeCooling, noCooling, saysMore, watchAtMs } from '../domain/cooling.ts';
import type { EffectiveItem } from '../domain/item.ts';
import { nextRow, without, workingMessage } from '../domain/status.ts';
import { done, type Outcome } from '../framework/sqs-batch.ts';
import type { Look } from './look.ts';
import type { Wish } from './wish.ts';
import { comeBackAt } from './withheld.ts';

/** Only library consumers cool down. */
export async function coolingOf({ services, row }: Look, { consumer }: EffectiveItem, functionName: string): Promise<Cooling> {
  if (consumer !== 'sluice') return noCooling(row?.limited);
  const nowMs = services.clock.nowMs();
  return judgeCooling(await services.coolingRecords.of(functionName, nowMs), row?.limited, nowMs);
}

/** For a group that is as wished: only the status has to say more, if anything. */
export async function noteCooling(look: Look, { item, cooling: seen }: Wish): Promise<Outcome> {
  const { row, taskGroup, services } = look;
  if (!row || (!seen.limited && !row.limited)) return done;
  const { cooling, outcome } = watched(look, seen);
  if (saysMore(row.limited, cooling.limited, row.updatedAt, services.clock.nowMs())) {
    const next = nextRow(without(row, 'limited'), taskGroup, row.phase, workingMessage(item, row.release, cooling), look.now(), {
      ...(row.drain ? { drain: row.drain } : {}),
      ...(cooling.limited ? { limited: cooling.limited } : {}),
    });
    await look.save(next);
  }
  await askForWatch(look, cooling);
  return outcome;
}

/** Has this look come back when the cooling is over, unless another does. */
export function watched(look: Look, cooling: Cooling): { cooling: Cooling; outcome: Outcome } {
  const atMs = look.hint.class === 'change' ? watchAtMs(cooling, look.awaited, look.services.clock.nowMs()) : undefined;
  if (atMs === undefined || !cooling.limited) return { cooling, outcome: done };
  return { cooling: { ...cooling, limited: { ...cooling.limited, lookAtMs: atMs } }, outcome: comeBackAt(look, atMs) };
}

/** A sweep or a rollout does not wait for hours itself: a hint that does is sent, where none is on its way. */
export async function askForWatch({ services, taskGroup, hint }: Look, cooling: Cooling): Promise<void> {
  if (hint.class === 'change' || hint.hops >= maxHops) return;
  if (watchAtMs(cooling, false, services.clock.nowMs()) === undefined) return;
  const next: Hint = { kind: 'group', taskGroup, class: 'change', hops: hint.hops + 1 };
  await sendHints(services.clients.sqs, services.hintQueues, 'change', [next]);
}
