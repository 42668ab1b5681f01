/**
 * Places of jobs: on a pool, of a customer, and in all. A start checks and takes each in one write, so that no limit is passed
 * whatever who decided believed; what ends gives all of them back in its own transaction.
 */

import type { Quantities } from '../../contract/placement.ts';
import { customerKey, freeAttribute, type OverallRow, overallKey, type PoolRow, poolKey } from '../../contract/placement-table.ts';
import type { PlacedJob } from '../../domain/placement/placed-job.ts';
import type { TransactItem } from '../jobs/transactions.ts';

type Values = Record<string, unknown>;

/** `limits` says of each write what it is of. */
interface Places {
  items: TransactItem[];
  limits: ('overall' | 'customer' | 'pool')[];
}

/** `overall` and `pool` as they were when it was decided: where they say something else by now, it is decided again. */
export function takePlaces(
  TableName: string,
  { customer, placed }: PlacedJob,
  pool: Pick<PoolRow, 'taskGroup' | 'revision'>,
  overall: OverallRow,
): Places {
  const ofAll = takeOverall(TableName, overall);
  const ofPool = takeOfPool(TableName, pool, usedQuantities(placed.needs.quantities));
  if (customer === undefined) return { items: [ofAll, ofPool], limits: ['overall', 'pool'] };
  const ofCustomer = takeOfCustomer(TableName, customer, overall.perCustomerMaxJobs);
  return { items: [ofAll, ofCustomer, ofPool], limits: ['overall', 'customer', 'pool'] };
}

const takeOverall = (TableName: string, { revision }: OverallRow): TransactItem => ({
  Update: {
    TableName,
    Key: overallKey,
    UpdateExpression: 'ADD jobs :one',
    ConditionExpression: 'revision = :revision AND jobs < maxJobs',
    ExpressionAttributeValues: { ':one': 1, ':revision': revision },
  },
});

function takeOfPool(
  TableName: string,
  { taskGroup, revision }: Pick<PoolRow, 'taskGroup' | 'revision'>,
  quantities: readonly [string, number][],
): TransactItem {
  const isFree = ['#state = :open AND revision = :revision AND jobs < maxJobs', ...quantities.map((_, i) => `#q${i} >= :need${i}`)];
  return {
    Update: {
      TableName,
      Key: poolKey(taskGroup),
      UpdateExpression: `ADD jobs :one${quantities.map((_, i) => `, #q${i} :less${i}`).join('')}`,
      ConditionExpression: isFree.join(' AND '),
      ExpressionAttributeNames: { '#state': 'state', ...names(quantities) },
      ExpressionAttributeValues: {
        ':one': 1,
        ':open': 'open',
        ':revision': revision,
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
function takeOfCustomer(TableName: string, customer: string, perCustomer: number | undefined): TransactItem {
  const own = '(attribute_exists(maxJobs) AND jobs < maxJobs)';
  const [others, values]: [string, Values] =
    perCustomer === undefined
      ? [`attribute_not_exists(maxJobs) OR ${own}`, {}]
      : perCustomer === 0
        ? [own, {}]
        : [`(attribute_not_exists(maxJobs) AND (attribute_not_exists(jobs) OR jobs < :most)) OR ${own}`, { ':most': perCustomer }];
  return {
    Update: {
      TableName,
      Key: customerKey(customer),
      UpdateExpression: 'SET customer = :customer ADD jobs :one',
      ConditionExpression: others,
      ExpressionAttributeValues: { ':customer': customer, ':one': 1, ...values },
    },
  };
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
