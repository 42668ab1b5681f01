/** What a look at a group with a valid item works towards. Types only. */
import type { Cooling } from '../domain/cooling.ts';
import type { DesiredPipeline } from '../domain/desired.ts';
import type { EffectiveItem } from '../domain/item.ts';

export interface Wish {
  item: EffectiveItem;
  warnings: string[];
  /** With the mapping disabled where a long cooling asks for it. */
  desired: DesiredPipeline;
  /** Of the wish alone: neither the release nor a cooling is in it. */
  hash: string;
  cooling: Cooling;
  /** What the group has to wait for, and how the status says it. */
  waits?: { for: 'code' | 'room'; message: string };
}
