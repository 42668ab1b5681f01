/**
 * Jobs that fit the same pools are of one shape: what decides whether a job fits is looked at once for all of them. Pure.
 */
import type { PlacingRow, PoolRow } from '../../contract/placement-table.ts';
import { neededOf, offeredUnits, Use } from './units.ts';

export type Wish = Pick<PlacingRow, 'needs' | 'affinity'>;

export interface Shape {
  readonly key: string;
  readonly labels: readonly [string, string][];
  /** What it takes of a pool, in units. */
  readonly needed: readonly [string, number][];
  /** Affinity requires this pool. */
  readonly onlyOn: string | undefined;
}

export function shapeOf({ needs, affinity }: Wish): Shape {
  const labels = Object.entries(needs.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const needed = neededOf(needs.quantities);
  const onlyOn = affinity?.required ? affinity.pool : undefined;
  return { key: JSON.stringify([labels, needed, onlyOn ?? null]), labels, needed, onlyOn };
}

/** A pool, and what is used of it. */
export interface Pool {
  readonly row: PoolRow;
  readonly use: Use;
  /** In units; a quantity that is not there is not offered. */
  readonly capacity: ReadonlyMap<string, number>;
}

export const poolOfRow = (row: PoolRow, use = new Use()): Pool => ({
  row,
  use,
  capacity: new Map(Object.entries(row.capacity).map(([name, quantity]) => [name, offeredUnits(quantity)])),
});

/** It may be there for all that never changes while the pool is used. */
export const suits = ({ row }: Pool, { labels, onlyOn }: Shape): boolean =>
  (onlyOn === undefined || onlyOn === row.taskGroup) &&
  labels.every(([name, value]) => Object.hasOwn(row.labels, name) && row.labels[name] === value);

/** It would fit if the pool were empty. */
export const isPossible = ({ row, capacity }: Pool, { needed }: Shape): boolean =>
  row.state === 'open' && row.maxJobs >= 1 && needed.every(([name, units]) => units <= (capacity.get(name) ?? 0));

/** It fits now; with `beside`, even with that one there as well. Asked so often that it is a plain loop. */
export function hasRoom({ row, use, capacity }: Pool, { needed }: Shape, beside?: Shape): boolean {
  if (row.state !== 'open' || use.jobs + (beside === undefined ? 1 : 2) > row.maxJobs) return false;
  for (const [name, units] of needed) {
    if (use.of(name) + units + (beside === undefined ? 0 : unitsOf(beside, name)) > (capacity.get(name) ?? 0)) return false;
  }
  return true;
}

const unitsOf = ({ needed }: Shape, quantity: string) => needed.find(([name]) => name === quantity)?.[1] ?? 0;

/**
 * What of the pool is missing most for it, as a part of what there is of that; 0 or less: it has room. Nothing is looked at
 * any more once it is above `most`.
 */
export function missing({ row, use, capacity }: Pool, { needed }: Shape, most = Number.POSITIVE_INFINITY): number {
  let lacks = (use.jobs + 1 - row.maxJobs) / row.maxJobs;
  for (const [name, units] of needed) {
    if (lacks > most) break;
    const total = capacity.get(name) ?? 0;
    lacks = Math.max(lacks, (use.of(name) + units - total) / total);
  }
  return lacks;
}

/** Use of what the pool has least of, as a part of what there is of it, once the job is there. */
export function loadWith({ row, use, capacity }: Pool, { needed }: Shape): number {
  const needs = new Map(needed);
  let load = (use.jobs + 1) / row.maxJobs;
  for (const [name, total] of capacity) {
    if (total > 0) load = Math.max(load, (use.of(name) + (needs.get(name) ?? 0)) / total);
  }
  return load;
}
