/** Tasks as they are put together into sends. Pure. */
import { queueLimits } from '../../contract/limits.ts';

/** What one send takes. */
export interface PackLimits {
  tasks: number;
  bytes: number;
}

/** A batch's messages together count as one may alone (SQS/quotas-messages). */
export const queuePack: PackLimits = { tasks: queueLimits.batchEntries, bytes: queueLimits.messageBytes };

export interface Packed {
  bytes: number;
  /** Two of one lane never travel together, nor at once: so they arrive in order, whatever fails. */
  lane?: string | undefined;
}

/** Whether `next` can travel with those. */
export function fits(pack: readonly Packed[], next: Packed, limits: PackLimits): boolean {
  const bytes = pack.reduce((sum, item) => sum + item.bytes, next.bytes);
  return pack.length < limits.tasks && bytes <= limits.bytes && !pack.some(({ lane }) => lane !== undefined && lane === next.lane);
}
