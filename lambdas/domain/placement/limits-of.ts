/** Limits as the config table has them → the rows that starts are checked by. A bad item changes nothing: the last good one holds. Pure. */
import type { z } from 'zod';
import { CustomerLimitsItem, limitDefaults, OverallLimitsItem } from '../../contract/placement.ts';
import type { CustomerRow, OverallRow } from '../../contract/placement-table.ts';
import { problemsOf } from '../../contract/problems.ts';

export interface LimitsVerdict<Row> {
  /** `previous` itself where nothing is to be changed. */
  row: Row;
  /** What is wrong with the item, by path. */
  problems: string[];
}

/** `item`: `*limits`; undefined where there is none. */
export function overallOf(item: unknown, previous: OverallRow | undefined, nowMs: number): LimitsVerdict<OverallRow> {
  const parsed = parse(OverallLimitsItem, item);
  const before = previous ?? { ...overallDefaults, jobs: 0, revision: 0, limitsAtMs: nowMs };
  if (parsed.problems !== undefined) return { row: before, problems: parsed.problems };
  const { maxJobs, ageingSeconds, reserveAfterSeconds, perCustomer } = parsed.item ?? {};
  const wished = {
    maxJobs: maxJobs ?? limitDefaults.maxJobs,
    ...(typeof perCustomer?.maxJobs === 'number' ? { perCustomerMaxJobs: perCustomer.maxJobs } : {}),
    ageingSeconds: ageingSeconds ?? limitDefaults.ageingSeconds,
    reserveAfterSeconds: reserveAfterSeconds ?? limitDefaults.reserveAfterSeconds,
  };
  const isOtherLimit = wished.maxJobs !== before.maxJobs || wished.perCustomerMaxJobs !== before.perCustomerMaxJobs;
  const isOther =
    isOtherLimit || wished.ageingSeconds !== before.ageingSeconds || wished.reserveAfterSeconds !== before.reserveAfterSeconds;
  if (!isOther) return { row: before, problems: [] };
  const limitsAtMs = isOtherLimit ? nowMs : (before.limitsAtMs ?? nowMs);
  return { row: { ...wished, jobs: before.jobs, limitsAtMs, revision: previous === undefined ? 0 : before.revision + 1 }, problems: [] };
}

const { weight: _weight, ...overallDefaults } = limitDefaults;

/** `item`: `*limits/<customer>`; undefined where the customer has no limits of its own any more. */
export function customerOf(customer: string, item: unknown, previous: CustomerRow | undefined, nowMs: number): LimitsVerdict<CustomerRow> {
  const parsed = parse(CustomerLimitsItem, item);
  const before = previous ?? { customer, weight: limitDefaults.weight, jobs: 0, limitsAtMs: nowMs };
  if (parsed.problems !== undefined) return { row: before, problems: parsed.problems };
  const { weight = limitDefaults.weight, maxJobs } = parsed.item ?? {};
  const isOtherLimit = (maxJobs ?? undefined) !== before.maxJobs;
  if (!isOtherLimit && weight === before.weight) return { row: before, problems: [] };
  const limitsAtMs = isOtherLimit ? nowMs : (before.limitsAtMs ?? nowMs);
  return { row: { customer, ...(typeof maxJobs === 'number' ? { maxJobs } : {}), weight, jobs: before.jobs, limitsAtMs }, problems: [] };
}

type Parsed<Item> = { item: Item | undefined; problems?: undefined } | { problems: string[] };

function parse<S extends z.ZodType>(schema: S, item: unknown): Parsed<z.output<S>> {
  if (item === undefined) return { item: undefined };
  const parsed = schema.safeParse(item);
  return parsed.success ? { item: parsed.data } : { problems: problemsOf(parsed.error, item) };
}
