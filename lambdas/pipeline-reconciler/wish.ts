/** What a look at a group with a valid item works towards. Types only. */
import type { DesiredPipeline } from '../domain/desired.ts';
import type { EffectiveItem } from '../domain/item.ts';

export interface Wish {
  item: EffectiveItem;
  warnings: string[];
  desired: DesiredPipeline;
  hash: string;
  /** What the group has to wait for, and how the status says it. */
  waits?: { for: 'code' | 'room'; message: string };
}
