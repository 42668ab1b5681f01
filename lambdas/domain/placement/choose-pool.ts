/** Which of the pools that a job fits gets it: as its affinity wishes, else as its objective says. Pure. */
import type { Objective, PlacementReason } from '../../contract/placement.ts';
import type { PlacingRow, PoolRow, SizedInput } from '../../contract/placement-table.ts';
import { loadWith, type Pool, type Shape } from './shape.ts';

export interface Choice<P extends Pool> {
  pool: P;
  reason: PlacementReason;
}

export type Chooser = Pick<PlacingRow, 'affinity' | 'objective' | 'inputs'>;

/** Undefined where there is none to choose from. */
export function choosePool<P extends Pool>(job: Chooser, shape: Shape, fitting: readonly P[]): Choice<P> | undefined {
  const wanted = fitting.find(({ row }) => row.taskGroup === job.affinity?.pool);
  if (wanted !== undefined) return { pool: wanted, reason: 'affinity' };
  const [first, ...others] = fitting;
  if (first === undefined) return undefined;
  if (others.length === 0) return { pool: first, reason: 'only' };
  const costOf = costs(job, shape);
  let best = first;
  let least = costOf(first);
  for (const pool of others) {
    const cost = costOf(pool);
    if (cost > least || (cost === least && pool.row.taskGroup > best.row.taskGroup)) continue;
    best = pool;
    least = cost;
  }
  return { pool: best, reason: job.objective };
}

/** What is least where the job belongs. */
function costs({ objective, inputs }: Chooser, shape: Shape): (pool: Pool) => number {
  const by: Record<Objective, (pool: Pool) => number> = {
    locality: ({ row }) => -bytesNear(inputs, row.locality),
    cost: ({ row }) => row.costPerHour,
    spread: (pool) => loadWith(pool, shape),
  };
  return by[objective];
}

/** An input whose size nobody knows counts as a byte: near is still better than far. */
export const bytesNear = (inputs: readonly SizedInput[], locality: PoolRow['locality']): number =>
  inputs.reduce((sum, input) => sum + (isNear(input, locality) ? (input.bytes ?? 1) : 0), 0);

/** A zone is its region's name and a letter. */
function isNear(
  { bucket, key, zone, region = zone?.slice(0, -1) }: SizedInput,
  { prefixes, zones, regions }: PoolRow['locality'],
): boolean {
  return (
    prefixes.some((prefix) => prefix === bucket || (prefix.includes('/') && `${bucket}/${key}`.startsWith(prefix))) ||
    (zone !== undefined && zones.includes(zone)) ||
    (region !== undefined && regions.includes(region))
  );
}
