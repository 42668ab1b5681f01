/**
 * What a task group offers as a pool: its config item, how its pipeline is, and what it last said of itself → its row. What
 * is used of it (`jobs`, and `free` but for the difference that another capacity makes) is not decided here. Pure.
 */
import { canonicalJson } from '../../contract/names.ts';
import type { PipelineRow } from '../../contract/pipeline-row.ts';
import type { PoolFields, Quantities, ReportedCapacity } from '../../contract/placement.ts';
import type { PoolRow } from '../../contract/placement-table.ts';
import type { EffectiveItem } from '../item.ts';
import { fromUnits, offeredUnits } from './units.ts';

export interface PoolView {
  taskGroup: string;
  /** `invalid`: the pool that exists stays as it is, as its pipeline does. Undefined: there is none. */
  item: EffectiveItem | 'invalid' | undefined;
  pipeline: Pick<PipelineRow, 'phase' | 'resources'> | undefined;
  /** The newest report, if there ever was one. */
  reported?: PoolRow['reported'];
  previous: PoolRow | undefined;
  nowMs: number;
}

type Reported = NonNullable<PoolRow['reported']>;

export const reportOf = ({ maxJobs, quantities = {}, ttlSeconds }: ReportedCapacity, nowMs: number): Reported => ({
  ...(maxJobs === undefined ? {} : { maxJobs }),
  quantities,
  atMs: nowMs,
  ...(ttlSeconds === undefined ? {} : { untilMs: nowMs + ttlSeconds * 1_000 }),
});

/** The row as it should be, `previous` itself where that is as it should be; undefined: it is no pool and was none. */
export function poolOf(view: PoolView): PoolRow | undefined {
  const { previous, nowMs } = view;
  const next = rowOf(view);
  if (next === undefined || previous === undefined) return next;
  if (offerOf(next) === offerOf(previous)) return previous;
  const isOtherLimit = next.maxJobs !== previous.maxJobs || canonicalJson(next.capacity) !== canonicalJson(previous.capacity);
  return {
    ...next,
    free: freeAfter(previous, next.capacity),
    ...(isOtherLimit ? { limitsAtMs: nowMs } : {}),
    revision: previous.revision + 1,
  };
}

function rowOf({ taskGroup, item, pipeline, reported, previous, nowMs }: PoolView): PoolRow | undefined {
  const report = reported !== undefined && (reported.untilMs === undefined || reported.untilMs > nowMs) ? reported : undefined;
  if (item === 'invalid') return previous && withCapacity(previous, previous.configured, report);
  const goneBecause = whyGone(item, nowMs);
  if (item?.pool === undefined || goneBecause !== undefined) return previous && { ...previous, state: 'gone', why: goneBecause ?? noPool };
  const { labels = {}, capacity, costPerHour = 0, locality = {} } = item.pool;
  const { queueUrl } = pipeline?.resources ?? {};
  const closedBecause = whyClosed(item, item.pool, pipeline);
  const row: PoolRow = {
    taskGroup,
    labels,
    maxJobs: capacity.maxJobs,
    capacity: {},
    configured: { maxJobs: capacity.maxJobs, quantities: capacity.quantities ?? {} },
    costPerHour,
    locality: { prefixes: locality.prefixes ?? [], regions: locality.regions ?? [], zones: locality.zones ?? [] },
    state: closedBecause === undefined ? 'open' : 'closed',
    ...(closedBecause === undefined ? {} : { why: closedBecause }),
    ...(queueUrl === undefined ? {} : { queueUrl }),
    // Of the queue that exists: while it is replaced, the item says what the next one will be.
    fifo: queueUrl?.endsWith('.fifo') ?? item.queue.fifo,
    jobs: previous?.jobs ?? 0,
    free: previous?.free ?? {},
    limitsAtMs: previous?.limitsAtMs ?? nowMs,
    revision: previous?.revision ?? 0,
  };
  const made = withCapacity(row, row.configured, report);
  return previous === undefined ? { ...made, free: made.capacity } : made;
}

const noPool = 'its config item has no pool any more';

function whyGone(item: EffectiveItem | undefined, nowMs: number): string | undefined {
  if (item === undefined) return 'it has no config item any more';
  if (item.pool === undefined) return noPool;
  return item.expiresAt !== undefined && item.expiresAt * 1_000 <= nowMs ? 'its config item has expired' : undefined;
}

function whyClosed(item: EffectiveItem, pool: PoolFields, pipeline: PoolView['pipeline']): string | undefined {
  if (pool.open === false) return 'its config item says so (pool.open: false)';
  if (item.paused) return 'it is paused';
  if (pipeline === undefined) return 'its pipeline does not exist yet';
  if (pipeline.phase !== 'Active' && pipeline.phase !== 'Updating') return `its pipeline is ${pipeline.phase}`;
  return pipeline.resources.queueUrl === undefined ? 'its queue does not exist yet' : undefined;
}

function withCapacity(row: PoolRow, { maxJobs, quantities }: PoolRow['configured'], report: Reported | undefined): PoolRow {
  const { reported: _before, ...rest } = row;
  const capacity = Object.entries(quantities).map(([name, most]) => [name, Math.min(most, quantityOf(report?.quantities, name) ?? most)]);
  return {
    ...rest,
    maxJobs: Math.min(maxJobs, report?.maxJobs ?? maxJobs),
    capacity: Object.fromEntries(capacity),
    ...(report === undefined ? {} : { reported: report }),
  };
}

/** A quantity may be called `constructor`. */
const quantityOf = (quantities: Quantities | undefined, name: string) =>
  quantities !== undefined && Object.hasOwn(quantities, name) ? quantities[name] : undefined;

/** A quantity that is not offered any more keeps what is used of it, below nothing, until it is offered again. */
function freeAfter({ capacity, free }: PoolRow, next: Quantities): Quantities {
  const names = new Set([...Object.keys(free), ...Object.keys(capacity), ...Object.keys(next)]);
  const units = (quantities: Quantities, name: string) => offeredUnits(quantityOf(quantities, name) ?? 0);
  return Object.fromEntries([...names].map((name) => [name, fromUnits(units(free, name) + units(next, name) - units(capacity, name))]));
}

/** All that is decided here. A map comes back from the table in any order. */
const offerOf = ({ jobs: _jobs, free: _free, revision: _revision, limitsAtMs: _limitsAtMs, ...offer }: PoolRow) => canonicalJson(offer);
