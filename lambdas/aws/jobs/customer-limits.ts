/** How many jobs of a customer may run at once: the scheduler's rows of limits, read for those who have a job waiting. */
import type { OverallRow } from '../../contract/placement-table.ts';
import { customerMaxJobs } from '../../domain/placement/shares.ts';
import { inWaves } from '../../framework/in-waves.ts';
import type { PlacementStore } from '../placement/placement-store.ts';

const readsAtOnce = 10;

export function customerLimits(placement: Pick<PlacementStore, 'overall' | 'customer'>) {
  let overall: Promise<OverallRow | undefined> | undefined;
  const known = new Map<string, number | undefined>();
  return {
    async learn(waiting: readonly { customer?: string | undefined }[]): Promise<void> {
      const unknown = new Set(waiting.flatMap(({ customer }) => (customer === undefined || known.has(customer) ? [] : [customer])));
      if (unknown.size === 0) return;
      overall ??= placement.overall();
      const ofAll = await overall;
      // Where the scheduler has not been here yet, nobody has set a limit.
      if (ofAll === undefined) return;
      await inWaves([...unknown], readsAtOnce, async (customer) => {
        known.set(customer, customerMaxJobs(customer, await placement.customer(customer), ofAll));
      });
    },
    of: (customer: string): number | undefined => known.get(customer),
  };
}
