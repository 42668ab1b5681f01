/**
 * Places of jobs: on a pool, of a customer, and in all. A start checks and takes each in one write, so that no limit is passed
 * whatever who decided believed; what ends gives all of them back in its own transaction.
 */

import type { Quantities } from '../../contract/placement.ts';
import { customerKey, freeAttribute, type OverallRow, overallKey, type PoolRow, poolKey } from '../../contract/placement-table.ts';
import type { PlacedJob } from '../../domain/placement/placed-job.ts';
import { fromUnits, neededUnits } from '../../domain/placement/units.ts';
import type { TransactItem } from '../jobs/transactions.ts';

type Values = Record<string, unknown>;

/** `limits` says of each write what it is of. */
interface Places {
  items: TransactItem[];
  limits: ('overall' | 'customer' | 'pool')[];
}

/** Who is to get places, and where. */
export interface Placing {
  row: PlacedJob;
  pool: Pick<PoolRow, 'taskGroup' | 'revision' | 'maxJobs'>;
  /** The customer's own limit, as it is known. */
  ownMaxJobs?: number | undefined;
}

/** `overall` and the pools as they were when it was decided: where they say something else by now, it is decided again. */
export function takePlaces(TableName: string, placings: readonly Placing[], overall: OverallRow): Places {
  const ofPools = [...grouped(placings, ({ pool }) => pool.taskGroup).values()].map((all) => takeOfPool(TableName, all));
  const ofCustomers = [...grouped(placings, ({ row }) => row.customer)].flatMap(([customer, all]) =>
    customer === undefined ? [] : [takeOfCustomer(TableName, customer, all, overall.perCustomerMaxJobs)],
  );
  return {
    items: [takeOverall(TableName, placings.length, overall), ...ofCustomers, ...ofPools],
    limits: ['overall', ...ofCustomers.map(() => 'customer' as const), ...ofPools.map(() => 'pool' as const)],
  };
}

const grouped = <K>(placings: readonly Placing[], keyOf: (placing: Placing) => K): Map<K, [Placing, ...Placing[]]> =>
  placings.reduce((groups, placing) => {
    const group = groups.get(keyOf(placing));
    if (group === undefined) groups.set(keyOf(placing), [placing]);
    else group.push(placing);
    return groups;
  }, new Map<K, [Placing, ...Placing[]]>());

/** The revision is that of `maxJobs`, too. */
const takeOverall = (TableName: string, count: number, { revision, maxJobs }: OverallRow): TransactItem => ({
  Update: {
    TableName,
    Key: overallKey,
    UpdateExpression: 'ADD jobs :count',
    ConditionExpression: 'revision = :revision AND jobs <= :room',
    ExpressionAttributeValues: { ':count': count, ':revision': revision, ':room': maxJobs - count },
  },
});

function takeOfPool(TableName: string, placings: readonly [Placing, ...Placing[]]): TransactItem {
  const { taskGroup, revision, maxJobs } = placings[0].pool;
  const count = placings.length;
  const quantities = summed(placings.map(({ row }) => usedQuantities(row.placed.needs.quantities)));
  const isFree = ['#state = :open AND revision = :revision AND jobs <= :room', ...quantities.map((_, i) => `#q${i} >= :need${i}`)];
  return {
    Update: {
      TableName,
      Key: poolKey(taskGroup),
      UpdateExpression: `ADD jobs :count${quantities.map((_, i) => `, #q${i} :less${i}`).join('')}`,
      ConditionExpression: isFree.join(' AND '),
      ExpressionAttributeNames: { '#state': 'state', ...names(quantities) },
      ExpressionAttributeValues: {
        ':count': count,
        ':open': 'open',
        ':revision': revision,
        ':room': maxJobs - count,
        ...Object.fromEntries(
          quantities.flatMap(([, need], i) => [
            [`:less${i}`, -need],
            [`:need${i}`, need],
          ]),
        ),
      },
    },
  };
}

/** Its own limit, else that of all customers, which is another item's: the write of that one checks its revision. */
function takeOfCustomer(
  TableName: string,
  customer: string,
  placings: readonly [Placing, ...Placing[]],
  perCustomer: number | undefined,
): TransactItem {
  const count = placings.length;
  // One fits whatever its own limit is by now. Of several that cannot be said in a condition: it must be the limit that is known.
  const { ownMaxJobs } = placings[0];
  const [own, ownValues]: [string, Values] =
    count === 1
      ? ['(attribute_exists(maxJobs) AND jobs < maxJobs)', {}]
      : ['(maxJobs = :own AND jobs <= :ownRoom)', { ':own': ownMaxJobs, ':ownRoom': (ownMaxJobs ?? 0) - count }];
  const [others, othersValues]: [string, Values] =
    perCustomer === undefined
      ? ['attribute_not_exists(maxJobs)', {}]
      : [
          `(attribute_not_exists(maxJobs) AND (${count <= perCustomer ? 'attribute_not_exists(jobs) OR ' : ''}jobs <= :room))`,
          { ':room': perCustomer - count },
        ];
  // Of several of a customer without a limit of its own there is none to be compared with.
  const isOwn = count === 1 || ownMaxJobs !== undefined;
  return {
    Update: {
      TableName,
      Key: customerKey(customer),
      UpdateExpression: 'SET customer = :customer ADD jobs :count',
      ConditionExpression: isOwn ? `${others} OR ${own}` : others,
      ExpressionAttributeValues: { ':customer': customer, ':count': count, ...othersValues, ...(isOwn ? ownValues : {}) },
    },
  };
}

/** Whether what they take together can be said exactly: DynamoDB counts in decimals, a sum of ours is one of whole thousandths. */
export const canBeSummed = ({ row: { placed } }: Placing): boolean =>
  usedQuantities(placed.needs.quantities).every(([, need]) => fromUnits(neededUnits(need)) === need);

function summed(all: readonly (readonly [string, number][])[]): readonly [string, number][] {
  const [only] = all;
  if (only !== undefined && all.length === 1) return only;
  const units = new Map<string, number>();
  for (const [name, need] of all.flat()) units.set(name, (units.get(name) ?? 0) + neededUnits(need));
  return [...units].map(([name, sum]): [string, number] => [name, fromUnits(sum)]);
}

/** Of a job that has a place. */
export function givePlacesBack(TableName: string, { customer, placed }: PlacedJob): TransactItem[] {
  const quantities = usedQuantities(placed.needs.quantities);
  const less = (Key: Values): TransactItem => ({
    Update: { TableName, Key, UpdateExpression: 'ADD jobs :less', ExpressionAttributeValues: { ':less': -1 } },
  });
  return [
    less(overallKey),
    ...(customer === undefined ? [] : [less(customerKey(customer))]),
    {
      Update: {
        TableName,
        Key: poolKey(placed.pool ?? ''),
        UpdateExpression: `ADD jobs :less${quantities.map((_, i) => `, #q${i} :back${i}`).join('')}`,
        ...(quantities.length === 0 ? {} : { ExpressionAttributeNames: names(quantities) }),
        ExpressionAttributeValues: { ':less': -1, ...Object.fromEntries(quantities.map(([, need], i) => [`:back${i}`, need])) },
      },
    },
  ];
}

const usedQuantities = (quantities: Quantities = {}) => Object.entries(quantities).filter(([, need]) => need > 0);
const names = (quantities: readonly [string, number][]) =>
  Object.fromEntries(quantities.map(([name], i) => [`#q${i}`, freeAttribute(name)]));
