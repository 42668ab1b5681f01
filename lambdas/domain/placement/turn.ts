/**
 * Whose turn it is: the first in the whole order that fits somewhere, unless that is on a pool which is kept for one before
 * it; and for whom a pool is kept. Pure.
 */
import type { PlacementReason } from '../../contract/placement.ts';
import type { PlacingRow } from '../../contract/placement-table.ts';
import { choosePool } from './choose-pool.ts';
import type { KnownPool, KnownShape, Match } from './fits.ts';
import { isBefore, type Place } from './ordered.ts';
import { hasRoom, missing } from './shape.ts';
import type { Lane, WaitingLines } from './waiting-lines.ts';

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

/** For the first in the whole order of such jobs; of the pools it would fit, where least is missing. */
export function reservationOf({ held }: WaitingLines): Reservation | undefined {
  const job = held.first?.patient.first?.head;
  if (held.first === undefined || held.firstPlace === undefined || job === undefined) return undefined;
  const { shape } = held.first;
  let nearest: { pool: KnownPool; lacks: number } | undefined;
  for (const { pool, possible } of shape.matches.values()) {
    if (!possible) continue;
    const lacks = missing(pool, shape);
    if (nearest !== undefined && (lacks > nearest.lacks || (lacks === nearest.lacks && name(pool) > name(nearest.pool)))) continue;
    nearest = { pool, lacks };
  }
  return nearest && { job, place: held.firstPlace, shape, pool: nearest.pool };
}

const name = ({ row }: KnownPool) => row.taskGroup;

export function startOf({ open }: WaitingLines, kept: Reservation | undefined): Start | undefined {
  const { lane, place } = firstLane(open, kept) ?? {};
  const job = lane?.ready.first?.head;
  if (lane === undefined || place === undefined || job === undefined) return undefined;
  const mayTake = ({ pool, shape, fits }: Match) => fits && (kept === undefined || leaves(kept, place, pool, shape));
  const pools = [...lane.shape.matches.values()].filter(mayTake).map(({ pool }) => pool);
  const choice = choosePool(job, lane.shape, pools);
  return choice && { job, pool: choice.pool.row.taskGroup, reason: choice.reason };
}

/** Whether a job at that place that fits the pool may start there. */
export const leaves = (kept: Reservation, place: Place, pool: Reservation['pool'], shape: KnownShape): boolean =>
  pool !== kept.pool || isBefore(place, kept.place) || hasRoom(pool, shape, kept.shape);

type Lanes = WaitingLines['open'];

function firstLane(open: Lanes, kept: Reservation | undefined): { lane: Lane; place: Place } | undefined {
  const { first, firstPlace } = open;
  if (first === undefined || firstPlace === undefined) return undefined;
  if (kept === undefined || isBefore(firstPlace, kept.place)) return { lane: first, place: firstPlace };
  let best: { lane: Lane; place: Place } | undefined;
  for (const [lane, place] of open.entries()) {
    if (best !== undefined && isBefore(best.place, place)) continue;
    if (fitsBeside(lane.shape, kept)) best = { lane, place };
  }
  return best;
}

/** Of jobs after the one that a pool is kept for. */
function fitsBeside(shape: KnownShape, { pool, shape: wanted }: Reservation): boolean {
  const onKept = shape.matches.get(name(pool));
  if (onKept?.fits !== true) return shape.fitting > 0;
  return shape.fitting > 1 || hasRoom(pool, shape, wanted);
}
