/**
 * Whose turn it is: the first in the whole order that fits somewhere, unless that is on a pool which is kept for one before
 * it; and for whom a pool is kept. Pure.
 */
import type { PlacementReason } from '../../contract/placement.ts';
import type { PlacingRow } from '../../contract/placement-table.ts';
import { choosePool } from './choose-pool.ts';
import type { KnownPool, KnownShape } from './fits.ts';
import type { Place } from './ordered.ts';
import { hasRoom, missing } from './shape.ts';
import type { Turn, WaitingLines } from './waiting-lines.ts';

export interface Start {
  job: PlacingRow;
  /** Its task group. */
  pool: string;
  reason: PlacementReason;
}

/**
 * A pool kept for a job that has waited long, would fit there and fits nowhere now. Who comes before that job in the whole
 * order starts there all the same, or its customer would get more than its share; whoever comes after it only if they
 * leave it room.
 */
export interface Reservation {
  job: PlacingRow;
  place: Place;
  shape: KnownShape;
  pool: KnownPool;
}

/** For the first in the whole order of such jobs. */
export const reservationOf = (lines: WaitingLines): Reservation | undefined => keep(lines.firstHeld());

export function startOf(lines: WaitingLines): Start | undefined {
  const first = lines.firstThatFits();
  if (first === undefined) return undefined;
  // Whoever is before the first that fits fits nowhere; a pool kept for one after it is of no matter to it.
  const kept = keep(lines.firstPatient(first.place));
  const turn = kept === undefined || fitsBeside(first.shape, kept) ? first : lines.firstThatFits((shape) => fitsBeside(shape, kept));
  return turn && startFrom(turn, kept);
}

/** `kept`: for one before it. */
function startFrom({ job, shape }: Turn, kept: Reservation | undefined): Start | undefined {
  const pools: KnownPool[] = [];
  for (const { pool, fits } of shape.matches.values()) {
    if (fits && (kept === undefined || pool !== kept.pool || hasRoom(pool, shape, kept.shape))) pools.push(pool);
  }
  const choice = choosePool(job, shape, pools);
  return choice && { job, pool: choice.pool.row.taskGroup, reason: choice.reason };
}

/** Of the pools it would fit, the one where least is missing. */
function keep(turn: Turn | undefined): Reservation | undefined {
  if (turn === undefined) return undefined;
  const { job, place, shape } = turn;
  let nearest: { pool: KnownPool; lacks: number } | undefined;
  for (const { pool, possible } of shape.matches.values()) {
    if (!possible) continue;
    const lacks = missing(pool, shape, nearest?.lacks);
    if (nearest !== undefined && (lacks > nearest.lacks || (lacks === nearest.lacks && nameOf(pool) > nameOf(nearest.pool)))) continue;
    nearest = { pool, lacks };
  }
  return nearest && { job, place, shape, pool: nearest.pool };
}

const nameOf = ({ row }: KnownPool) => row.taskGroup;

/** Of jobs after the one that a pool is kept for. */
function fitsBeside(shape: KnownShape, { pool, shape: wanted }: Reservation): boolean {
  const onKept = shape.matches.get(nameOf(pool));
  if (onKept?.fits !== true) return shape.fitting > 0;
  return shape.fitting > 1 || hasRoom(pool, shape, wanted);
}
