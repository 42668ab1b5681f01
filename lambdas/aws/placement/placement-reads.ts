/** What is kept of placed jobs, pools and limits, as it is at the moment. */
import { GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import {
  CustomerRow,
  customerKey,
  freeAttribute,
  HolderRow,
  holderKey,
  LeaseRow,
  laterPlacedPartition,
  leaseKey,
  leasesPartition,
  limitsPartition,
  OverallRow,
  overallKey,
  PlacingRow,
  PoolRow,
  placingPartition,
  poolKey,
  poolsPartition,
  StepRow,
  validatingPartition,
} from '../../contract/placement-table.ts';
import { allPages } from '../../framework/all-pages.ts';
import type { Clients } from '../clients.ts';

type Item = Record<string, unknown>;

export function placementReads(documents: Clients['documents'], TableName: string) {
  /** A page after another, in the order of their keys. */
  async function* pages<S extends z.ZodType>(
    pk: string,
    schema: S,
    { upTo, from }: { upTo?: string; from?: string } = {},
  ): AsyncGenerator<z.output<S>[]> {
    const range = upTo !== undefined ? ' AND sk <= :sk' : from !== undefined ? ' AND sk >= :sk' : '';
    let start: Item | undefined;
    do {
      const page: { Items?: Item[] | undefined; LastEvaluatedKey?: Item | undefined } = await documents.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: `pk = :pk${range}`,
          ExpressionAttributeValues: { ':pk': pk, ...(range === '' ? {} : { ':sk': upTo ?? from }) },
          ConsistentRead: true,
          ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        }),
      );
      yield (page.Items ?? []).map((item) => schema.parse(item));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }
  const one = async (Key: Item): Promise<Item | undefined> =>
    (await documents.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item;
  const upTo = (ms: number) => ({ upTo: `${String(Math.max(0, Math.floor(ms))).padStart(15, '0')}~` });

  return {
    pools: () => allPages(pages(poolsPartition, StoredPool)),
    pool: async (taskGroup: string): Promise<PoolRow | undefined> => optional(StoredPool, await one(poolKey(taskGroup))),
    overall: async (): Promise<OverallRow | undefined> => optional(OverallRow, await one(overallKey)),
    /** Those that have a row: limits of their own, or a job that once had a place. */
    customers: () => allPages(pages(limitsPartition, CustomerRow, { from: 'customer#' })),
    customer: async (customer: string): Promise<CustomerRow | undefined> => optional(CustomerRow, await one(customerKey(customer))),
    /** Jobs that wait for a pool, by their order. */
    placing: () => pages(placingPartition, PlacingRow),
    leases: () => allPages(pages(leasesPartition, LeaseRow)),
    lease: async (job: string): Promise<LeaseRow | undefined> => optional(LeaseRow, await one(leaseKey(job))),
    /** Jobs whose time, or whose next attempt, comes by then. */
    later: (byMs: number) => pages(laterPlacedPartition, StepRow, upTo(byMs)),
    /** Jobs that are to be looked at, since then or longer. */
    validating: (byMs: number) => pages(validatingPartition, StepRow, upTo(byMs)),

    /** Whose memory of all this is current. */
    holder: async (): Promise<HolderRow | undefined> => optional(HolderRow, await one(holderKey)),
    async takeOver(next: HolderRow): Promise<void> {
      await documents.send(new PutCommand({ TableName, Item: { ...holderKey, ...next } }));
    },
  };
}

/** What is free of a quantity is an attribute of its own, so that a write can ask for it and add to it. */
const StoredPool = z.record(z.string(), z.unknown()).transform((item): PoolRow => PoolRow.parse({ ...item, free: freeOf(item) }));
const free = freeAttribute('');
const freeOf = (item: Item) =>
  Object.fromEntries(Object.entries(item).flatMap(([name, value]) => (name.startsWith(free) ? [[name.slice(free.length), value]] : [])));

const optional = <Row>(schema: { parse(item: unknown): Row }, item: Item | undefined) =>
  item === undefined ? undefined : schema.parse(item);
