/** Whether any pool could ever take a job: needs that none could are refused at once, and not after an hour of waiting. Pure. */
import type { PoolRow } from '../../contract/placement-table.ts';
import type { FieldError } from '../../contract/problems.ts';
import { isPossible, poolOfRow, shapeOf, suits, type Wish } from '../placement/shape.ts';

/** As a pool's item has it, and open: what is closed or short of something today may have it tomorrow. */
const atItsBest = (row: PoolRow): PoolRow => ({
  ...row,
  state: 'open',
  maxJobs: row.configured.maxJobs,
  capacity: row.configured.quantities,
});

/** The field at fault, where no pool could ever take it. */
export function unmetNeeds(rows: readonly PoolRow[], wish: Wish): FieldError[] {
  const pools = there(rows).map((row) => poolOfRow(atItsBest(row)));
  if (pools.length === 0)
    return [{ field: 'body', message: 'the stage has no pool: a task group offers one with `pool` in its config item' }];
  const { affinity, needs } = wish;
  const named = affinity?.required ? pools.filter(({ row }) => row.taskGroup === affinity.pool) : pools;
  if (named.length === 0) return [{ field: 'affinity.pool', message: 'is no pool of the stage' }];
  const shape = shapeOf(wish);
  if (named.some((pool) => suits(pool, shape) && isPossible(pool, shape))) return [];
  const whose = affinity?.required ? `pool ${affinity.pool}` : 'any pool';
  const alone = [
    ...Object.entries(needs.labels ?? {}).flatMap(([name, value]) => {
      const has = named.some((pool) => suits(pool, shapeOf({ needs: { labels: { [name]: value } }, affinity: undefined })));
      return has ? [] : [{ field: `needs.labels.${name}`, message: `is not ${JSON.stringify(value)} of ${whose}` }];
    }),
    ...Object.entries(needs.quantities ?? {}).flatMap(([name, needed]) => {
      const has = named.some((pool) => isPossible(pool, shapeOf({ needs: { quantities: { [name]: needed } }, affinity: undefined })));
      const most = Math.max(0, ...named.map(({ row }) => row.capacity[name] ?? 0));
      return has ? [] : [{ field: `needs.quantities.${name}`, message: `is more than ${whose} has: ${most}` }];
    }),
  ];
  return alone.length > 0 ? alone : [{ field: 'needs', message: 'are not met by one pool: each of them is, but not all together' }];
}

/** What keeps it waiting until somebody does something about it. */
export function placementWarnings(rows: readonly PoolRow[], { affinity, needs }: Wish): string[] {
  const pools = there(rows);
  if (affinity !== undefined && !pools.some(({ taskGroup }) => taskGroup === affinity.pool))
    return [`affinity: there is no pool ${affinity.pool}; it goes wherever it fits`];
  const shape = shapeOf({ needs, affinity });
  const open = pools.map((row) => poolOfRow(row)).filter((pool) => suits(pool, shape) && isPossible(pool, shape));
  return open.length > 0 ? [] : ['no pool that could take it is open with all that it needs at the moment: it waits for one'];
}

const there = (rows: readonly PoolRow[]) => rows.filter(({ state }) => state !== 'gone');
