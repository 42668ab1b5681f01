/** Which of the jobs of an index are listed, by what no index is by. */
import type { JobStatus, Priority } from '../../contract/job.ts';

export interface ListFilter {
  status?: JobStatus | undefined;
  customer?: string | undefined;
  /** Where it is, or was last. */
  pool?: string | undefined;
  priority?: Priority | undefined;
}

/** Jobs that a filter looks through, in so many reads of so many. */
export const filteredPage = 500;
export const filteredPages = 8;

/** Of what no index is by; undefined where there is nothing of it. */
export function listFilter({ status, customer, pool, priority }: ListFilter) {
  const parts = [
    { path: ['status'], value: status },
    { path: ['customer'], value: customer },
    { path: ['priority'], value: priority },
    { path: ['placed', 'pool'], value: pool },
  ].filter(({ value }) => value !== undefined);
  if (parts.length === 0) return undefined;
  return {
    expression: parts.map(({ path }, n) => `${path.map((name) => `#${name}`).join('.')} = :filter${n}`).join(' AND '),
    names: Object.fromEntries(parts.flatMap(({ path }) => path.map((name) => [`#${name}`, name]))),
    values: Object.fromEntries(parts.map(({ value }, n) => [`:filter${n}`, value])),
  };
}
