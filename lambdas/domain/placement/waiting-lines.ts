/**
 * Who waits, so ordered that the first of those who fit is at hand, and the first of those who have waited long and fit
 * nowhere now. Pure.
 *
 * A queue holds jobs of one customer, shape and priority, which is why its first has waited longest. A lane holds the queues
 * of one shape and priority, so that what changes for a shape moves four lanes and not all of its customers.
 */
import type { Priority } from '../../contract/job.ts';
import type { PlacingRow } from '../../contract/placement-table.ts';
import type { KnownShape } from './fits.ts';
import { Ordered, type Place } from './ordered.ts';

/** As far as it matters who goes first. */
export interface Waiter {
  share: number;
  /** At its limit: nothing of it starts. */
  full: boolean;
  readonly queues: Map<Lane, Queue>;
}

export interface Queue {
  readonly customer: Waiter;
  readonly lane: Lane;
  readonly jobs: Ordered<PlacingRow>;
  /** Whose turn it is, unless the customer is full. */
  head: PlacingRow | undefined;
}

export interface Lane {
  readonly shape: KnownShape;
  readonly priority: Priority;
  /** Those of customers that are not full; and of these, those whose head has waited long. */
  readonly ready: Ordered<Queue>;
  readonly patient: Ordered<Queue>;
  queues: number;
}

const jobPlace = ({ orderMs, job }: PlacingRow): Place => ({ share: 0, orderMs, job });

export class WaitingLines {
  /** Lanes whose shape fits somewhere now. */
  readonly open = new Ordered<Lane>();
  /** Lanes whose shape would fit somewhere but does not now, with a head that has waited long. */
  readonly held = new Ordered<Lane>();
  /** Queues whose head has not waited long yet, by when it began to. */
  readonly #ripening = new Ordered<Queue>();
  readonly #lanes = new Map<KnownShape, Map<Priority, Lane>>();

  add(row: PlacingRow, shape: KnownShape, customer: Waiter): Queue {
    const lane = this.#laneOf(shape, row.priority);
    const queue = customer.queues.get(lane) ?? { customer, lane, jobs: new Ordered<PlacingRow>(), head: undefined };
    if (queue.jobs.size === 0) {
      customer.queues.set(lane, queue);
      lane.queues += 1;
    }
    queue.jobs.set(row, jobPlace(row));
    this.#renew(queue);
    return queue;
  }

  remove(row: PlacingRow, queue: Queue): void {
    queue.jobs.delete(row);
    this.#renew(queue);
    if (queue.jobs.size > 0) return;
    queue.customer.queues.delete(queue.lane);
    queue.lane.queues -= 1;
    if (queue.lane.queues === 0) this.#close(queue.lane);
  }

  /** Its share is another one, or it is full or is not any more. */
  renewCustomer({ queues }: Waiter): void {
    for (const queue of queues.values()) this.#renew(queue);
  }

  /** It fits somewhere now and did not, or the other way round. */
  renewShape(shape: KnownShape): void {
    for (const lane of this.#lanes.get(shape)?.values() ?? []) this.#renewLane(lane);
  }

  /** Who waits for more than `longMs` has waited long. Time only goes on. */
  ripen(nowMs: number, longMs: number): void {
    for (let next = this.#ripening.firstPlace; next !== undefined && next.orderMs + longMs < nowMs; next = this.#ripening.firstPlace) {
      const queue = this.#ripening.first;
      const place = queue?.lane.ready.placeOf(queue);
      if (queue === undefined || place === undefined) return;
      this.#ripening.delete(queue);
      queue.lane.patient.set(queue, place);
      this.#renewLane(queue.lane);
    }
  }

  /** What counts as long has changed: nobody has waited long until `ripen` says so again. */
  unripen(): void {
    for (const lanes of this.#lanes.values()) {
      for (const lane of lanes.values()) {
        for (const [queue] of [...lane.patient.entries()]) this.#beginToWait(queue);
        this.#renewLane(lane);
      }
    }
  }

  #renew(queue: Queue): void {
    const { customer, lane, jobs } = queue;
    const head = customer.full ? undefined : jobs.first;
    if (head === undefined) {
      lane.ready.delete(queue);
      lane.patient.delete(queue);
      this.#ripening.delete(queue);
    } else {
      const place = { share: customer.share, orderMs: head.orderMs, job: head.job };
      lane.ready.set(queue, place);
      if (queue.head === head && lane.patient.has(queue)) lane.patient.set(queue, place);
    }
    const isNew = head !== queue.head;
    queue.head = head;
    if (isNew && head !== undefined) this.#beginToWait(queue);
    this.#renewLane(lane);
  }

  #beginToWait(queue: Queue): void {
    const { lane, head } = queue;
    lane.patient.delete(queue);
    if (head !== undefined) this.#ripening.set(queue, { share: 0, orderMs: head.readyAtMs, job: head.job });
  }

  #renewLane(lane: Lane): void {
    const { shape, ready, patient } = lane;
    const fits = shape.fitting > 0;
    put(this.open, lane, fits ? ready.firstPlace : undefined);
    put(this.held, lane, !fits && shape.possible > 0 ? patient.firstPlace : undefined);
  }

  #laneOf(shape: KnownShape, priority: Priority): Lane {
    const lanes = this.#lanes.get(shape) ?? new Map<Priority, Lane>();
    this.#lanes.set(shape, lanes);
    const known = lanes.get(priority);
    if (known !== undefined) return known;
    const lane = { shape, priority, ready: new Ordered<Queue>(), patient: new Ordered<Queue>(), queues: 0 };
    lanes.set(priority, lane);
    return lane;
  }

  #close({ shape, priority }: Lane): void {
    const lanes = this.#lanes.get(shape);
    lanes?.delete(priority);
    if (lanes?.size === 0) this.#lanes.delete(shape);
  }
}

function put(lanes: Ordered<Lane>, lane: Lane, place: Place | undefined): void {
  if (place === undefined) lanes.delete(lane);
  else lanes.set(lane, place);
}
