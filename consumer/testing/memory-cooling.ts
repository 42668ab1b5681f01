/** A test's cooling: one group, one record. */
import type { CoolingRecord } from '../../lambdas/contract/task-table.ts';
import type { GroupCooling } from '../ports.ts';

export function memoryCooling(): GroupCooling {
  const known = new Map<string, CoolingRecord>();
  return {
    read: async (pipeline) => known.get(pipeline),
    async cool(pipeline, { untilMs, message, streak }, nowMs) {
      const before = known.get(pipeline);
      const record = before && before.untilMs >= untilMs ? before : { untilMs, lastLimitedAtMs: nowMs, message, streak, expiresAt: 0 };
      known.set(pipeline, record);
      return record;
    },
    async hint() {},
  };
}
