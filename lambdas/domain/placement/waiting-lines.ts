/**
 * Who waits, so ordered that the first of those who fit is soon found, and the first of those who have waited long. Pure.
 *
 * A queue holds jobs of one customer and one shape, a lane the queues of one shape. Most of what changes between two starts is
 * soon changed back: the share of a customer that ends a job and starts another, the shapes that fit into a place until it is
 * taken. So a queue is kept at the place it had when it was last looked at, as long as its right one is no earlier; and
 * shapes that begin to fit are only put in order once they are many.
 */
import type { PlacingRow } from '../../contract/placement-table.ts';
import type { KnownShape } from './fits.ts';
import { isBefore, Ordered, type Place } from './ordered.ts';

/** As far as it matters who goes first. */
export interface Waiter {
  share: number;
  /** At its limit: nothing of it starts. */
  full: boolean;
  readonly queues: Map<Lane, Queue>;
}

export interface WaitingJob {
  readonly row: PlacingRow;
  readonly queue: Queue;
}

interface Queue {
  readonly customer: Waiter;
  readonly lane: Lane;
  readonly ready: Ordered<WaitingJob>;
  /** Those that have waited long. */
  readonly patient: Ordered<WaitingJob>;
  /** It is kept at no place of a larger share. */
  share: number;
  /** Left out somewhere, as its customer was full. */
  isOut: boolean;
}

export interface Lane {
  readonly shape: KnownShape;
  readonly ready: Ordered<Queue>;
  readonly patient: Ordered<Queue>;
  queues: number;
}

/** Whose turn it might be. */
export interface Turn {
  job: PlacingRow;
  shape: KnownShape;
  place: Place;
}

type Who = 'ready' | 'patient';

/** So many lanes that have begun to fit are looked at one by one, and so often; then they are put in order. */
const mostFresh = 64;
const mostLooks = 16;

export class WaitingLines {
  readonly #lanes = new Map<KnownShape, Lane>();
  /** Of shapes that fit somewhere now: those that just began to, and the others in their order. */
  readonly #fresh = new Set<Lane>();
  #looks = 0;
  readonly #open = new Ordered<Lane>();
  /** With a job that has waited long, of shapes that would fit somewhere if it were empty. */
  readonly #held = new Ordered<Lane>();
  /** Jobs that have not waited long yet, by when they began to. */
  readonly #ripening = new Ordered<WaitingJob>();

  add(row: PlacingRow, shape: KnownShape, customer: Waiter): WaitingJob {
    const lane = this.#laneOf(shape);
    const known = customer.queues.get(lane);
    const queue = known ?? { customer, lane, ready: new Ordered(), patient: new Ordered(), share: 0, isOut: false };
    if (known === undefined) {
      customer.queues.set(lane, queue);
      lane.queues += 1;
    }
    const waiting = { row, queue };
    queue.ready.set(waiting, placeAt(0, row));
    this.#ripening.set(waiting, sinceWhen(row));
    if (queue.ready.first === waiting) this.#renew(queue);
    return waiting;
  }

  remove(waiting: WaitingJob): void {
    const { queue } = waiting;
    const { customer, lane, ready, patient } = queue;
    const wasFirst = ready.first === waiting || patient.first === waiting;
    ready.delete(waiting);
    patient.delete(waiting);
    this.#ripening.delete(waiting);
    if (wasFirst) this.#renew(queue);
    if (ready.size > 0) return;
    customer.queues.delete(lane);
    lane.queues -= 1;
    if (lane.queues === 0) this.#close(lane);
  }

  /** Its share is another one, or it is full or is not any more. */
  renewCustomer({ share, full, queues }: Waiter): void {
    for (const queue of queues.values()) if (queue.share > share || (queue.isOut && !full)) this.#renew(queue);
  }

  /** It fits somewhere now and did not, or the other way round. */
  renewFit(shape: KnownShape): void {
    const lane = this.#lanes.get(shape);
    if (lane === undefined) return;
    if (shape.fitting > 0) this.#begin(lane);
    else if (!this.#fresh.delete(lane)) this.#open.delete(lane);
  }

  /** It would fit somewhere now if it were empty and would not have, or the other way round. */
  renewReach(shape: KnownShape): void {
    const lane = this.#lanes.get(shape);
    if (lane !== undefined) this.#hold(lane);
  }

  /** Who waits for more than `longMs` has waited long. Time only goes on. */
  ripen(nowMs: number, longMs: number): void {
    for (let next = this.#ripening.firstPlace; next !== undefined && next.orderMs + longMs < nowMs; next = this.#ripening.firstPlace) {
      const waiting = this.#ripening.first;
      if (waiting === undefined) return;
      this.#ripening.delete(waiting);
      const { row, queue } = waiting;
      queue.patient.set(waiting, placeAt(0, row));
      if (queue.patient.first === waiting) this.#renew(queue);
    }
  }

  /** What counts as long has changed: of `all`, nobody has waited long until `ripen` says so again. */
  unripen(all: Iterable<WaitingJob>): void {
    for (const waiting of all) {
      const { queue, row } = waiting;
      if (!queue.patient.has(waiting)) continue;
      queue.patient.delete(waiting);
      this.#ripening.set(waiting, sinceWhen(row));
      this.#renew(queue);
    }
  }

  /** The first in the whole order of those who fit somewhere, and are of a shape that may. */
  firstThatFits(may?: (shape: KnownShape) => boolean): Turn | undefined {
    this.#looks += 1;
    if (this.#looks > mostLooks) this.#openFresh();
    let first = may === undefined ? firstOf(this.#open, 'ready') : undefined;
    if (may !== undefined) for (const [lane] of this.#open.entries()) if (may(lane.shape)) first = earlier(first, lane, 'ready');
    for (const lane of this.#fresh) if (may === undefined || may(lane.shape)) first = earlier(first, lane, 'ready');
    return first;
  }

  /** The first in the whole order of those who have waited long, would fit somewhere, and are before `before`. */
  firstPatient(before: Place): Turn | undefined {
    const first = firstOf(this.#held, 'patient');
    return first !== undefined && isBefore(first.place, before) ? first : undefined;
  }

  /** The first in the whole order of those who have waited long, would fit somewhere, and fit nowhere now. */
  firstHeld(): Turn | undefined {
    let first: Turn | undefined;
    for (const [lane] of this.#held.entries()) if (lane.shape.fitting === 0) first = earlier(first, lane, 'patient');
    return first;
  }

  #renew(queue: Queue): void {
    const { customer, lane, ready, patient } = queue;
    seat(lane.ready, queue, ready.first);
    seat(lane.patient, queue, patient.first);
    queue.share = customer.share;
    queue.isOut = false;
    if (lane.shape.fitting > 0) this.#begin(lane);
    this.#hold(lane);
  }

  #begin(lane: Lane): void {
    if (this.#open.has(lane)) put(this.#open, lane, lane.ready.firstPlace);
    else this.#fresh.add(lane);
    if (this.#fresh.size > mostFresh) this.#openFresh();
  }

  #openFresh(): void {
    for (const lane of this.#fresh) put(this.#open, lane, lane.ready.firstPlace);
    this.#fresh.clear();
    this.#looks = 0;
  }

  #hold(lane: Lane): void {
    put(this.#held, lane, lane.shape.possible > 0 ? lane.patient.firstPlace : undefined);
  }

  #laneOf(shape: KnownShape): Lane {
    const known = this.#lanes.get(shape);
    if (known !== undefined) return known;
    const lane = { shape, ready: new Ordered<Queue>(), patient: new Ordered<Queue>(), queues: 0 };
    this.#lanes.set(shape, lane);
    return lane;
  }

  #close(lane: Lane): void {
    this.#lanes.delete(lane.shape);
    this.#fresh.delete(lane);
    this.#open.delete(lane);
    this.#held.delete(lane);
  }
}

const placeAt = (share: number, { orderMs, job }: PlacingRow): Place => ({ share, orderMs, job });
const sinceWhen = ({ readyAtMs, job }: PlacingRow): Place => ({ share: 0, orderMs: readyAtMs, job });

/** `queue` goes where its head belongs, unless it is kept somewhere before that with the same head. */
function seat(queues: Ordered<Queue>, queue: Queue, head: WaitingJob | undefined): void {
  const { share } = queue.customer;
  const kept = queues.placeOf(queue);
  if (head === undefined) queues.delete(queue);
  else if (kept?.orderMs !== head.row.orderMs || kept.job !== head.row.job || kept.share > share)
    queues.set(queue, placeAt(share, head.row));
}

function put(lanes: Ordered<Lane>, lane: Lane, place: Place | undefined): void {
  if (place === undefined) lanes.delete(lane);
  else if (lanes.placeOf(lane) !== place) lanes.set(lane, place);
}

/** Brings what is kept of the first ones up to date, until the first of them is right. */
function turnOf(lane: Lane, who: Who): Turn | undefined {
  const queues = lane[who];
  for (let queue = queues.first; queue !== undefined; queue = queues.first) {
    const { share, full } = queue.customer;
    const head = queue[who].first;
    const place = queues.firstPlace;
    if (full || head === undefined || place === undefined) {
      queues.delete(queue);
      queue.isOut = true;
    } else if (place.share === share) {
      return { job: head.row, shape: lane.shape, place };
    } else {
      queues.set(queue, placeAt(share, head.row));
      queue.share = share;
    }
  }
  return undefined;
}

function earlier(best: Turn | undefined, lane: Lane, who: Who): Turn | undefined {
  const { firstPlace } = lane[who];
  if (firstPlace === undefined || (best !== undefined && isBefore(best.place, firstPlace))) return best;
  const turn = turnOf(lane, who);
  return turn !== undefined && (best === undefined || isBefore(turn.place, best.place)) ? turn : best;
}

function firstOf(lanes: Ordered<Lane>, who: Who): Turn | undefined {
  for (let lane = lanes.first; lane !== undefined; lane = lanes.first) {
    const turn = turnOf(lane, who);
    if (turn === undefined) lanes.delete(lane);
    else if (turn.place === lanes.firstPlace) return turn;
    else lanes.set(lane, turn.place);
  }
  return undefined;
}
