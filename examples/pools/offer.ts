/** What the example offers: three unlike pools and four customers, as items of the config table. Pure. */
import { type CustomerLimits, customerLimitsKey, type PoolFields } from '../../lambdas/contract/placement.ts';

/** Of everything the example makes on a stage. */
const mark = 'example-';
export const shortName = (name: string) => (name.startsWith(mark) ? name.slice(mark.length) : name);

export const codeKey = 'example-pools.zip';

export type Place = 'west' | 'east';

export interface Pool {
  taskGroup: string;
  /** Whose inputs are near. */
  place?: Place;
  /** Its work runs outside of Lambda. */
  isOutside: boolean;
  /** Invocations that do the work, or start it. */
  concurrency: number;
  labels: Record<string, string>;
  capacity: PoolFields['capacity'];
  costPerHour: number;
}

export const pools: readonly Pool[] = [
  {
    taskGroup: `${mark}west`,
    place: 'west',
    isOutside: false,
    concurrency: 3,
    labels: { os: 'linux', machine: 'gpu' },
    capacity: { maxJobs: 3, quantities: { cpu: 16, gpu: 4 } },
    costPerHour: 12.5,
  },
  {
    taskGroup: `${mark}east`,
    place: 'east',
    isOutside: false,
    concurrency: 5,
    labels: { os: 'linux', machine: 'cpu' },
    capacity: { maxJobs: 5, quantities: { cpu: 24 } },
    costPerHour: 3,
  },
  {
    taskGroup: `${mark}lab`,
    isOutside: true,
    concurrency: 2,
    labels: { os: 'linux', machine: 'cluster' },
    capacity: { maxJobs: 4, quantities: { cpu: 12, licences: 4 } },
    costPerHour: 1,
  },
];

export interface Customer extends CustomerLimits {
  name: string;
  weight: number;
}

export const customers: readonly Customer[] = [
  { name: `${mark}acme`, weight: 2 },
  { name: `${mark}birch`, weight: 1 },
  { name: `${mark}cobalt`, weight: 1, maxJobs: 2 },
  { name: `${mark}dune`, weight: 0.5, maxJobs: 4 },
];

export type Item = { taskGroup: string } & Record<string, unknown>;

export interface OfferOptions {
  /** `bucket/prefix` of the inputs of a place. */
  prefixOf: (place: Place) => string;
  outsideQueueUrl: string;
  /** Epoch seconds: what a run that was killed left is removed then. */
  expiresAt: number;
}

export const poolItems = (options: OfferOptions): Item[] => pools.map((pool) => poolItem(pool, options));

function poolItem(pool: Pool, { prefixOf, outsideQueueUrl, expiresAt }: OfferOptions): Item {
  const { taskGroup, place, isOutside, concurrency, labels, capacity, costPerHour } = pool;
  return {
    taskGroup,
    consumer: 'sluice',
    concurrency,
    // Reserves nothing, so that it fits into an account without room.
    reserve: false,
    code: { key: codeKey },
    function: { timeout: 30, ...(isOutside ? { environment: { OUTSIDE_QUEUE_URL: outsideQueueUrl } } : {}) },
    pool: { labels, capacity, costPerHour, ...(place === undefined ? {} : { locality: { prefixes: [prefixOf(place)] } }) },
    onDelete: 'discard',
    expiresAt,
  };
}

export const limitItems = (): Item[] => customers.map(({ name, ...limits }) => ({ taskGroup: customerLimitsKey(name), ...limits }));
