/** What is offered and allowed: rows of pools and limits. What is used of them is added to by others at the same time, and left alone here. */
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import type { Quantities } from '../../contract/placement.ts';
import {
  type CustomerRow,
  customerKey,
  freeAttribute,
  type OverallRow,
  overallKey,
  type PoolRow,
  poolKey,
} from '../../contract/placement-table.ts';
import type { Clients } from '../clients.ts';
import { isConditionFailed } from '../errors.ts';

export function limitRows(documents: Clients['documents'], TableName: string) {
  /** Sets what is given and takes away what is undefined, adds `add` to what is there. False where the condition does not hold. */
  async function write(
    Key: Record<string, unknown>,
    fields: Record<string, unknown>,
    add: Record<string, number>,
    seen?: { revision: number } | 'none',
  ) {
    const [set, gone] = [
      Object.keys(fields).filter((name) => fields[name] !== undefined),
      Object.keys(fields).filter((name) => fields[name] === undefined),
    ];
    const added = Object.keys(add);
    const all = [...set, ...gone, ...added];
    const placed = (name: string) => `#f${all.indexOf(name)}`;
    const expressions = [
      `SET ${set.map((name) => `${placed(name)} = :f${all.indexOf(name)}`).join(', ')}`,
      ...(gone.length === 0 ? [] : [`REMOVE ${gone.map(placed).join(', ')}`]),
      `ADD ${added.map((name) => `${placed(name)} :f${all.indexOf(name)}`).join(', ')}`,
    ];
    const condition = seen === undefined ? {} : { ConditionExpression: seen === 'none' ? 'attribute_not_exists(pk)' : 'revision = :seen' };
    const values = Object.fromEntries([...set, ...added].map((name) => [`:f${all.indexOf(name)}`, fields[name] ?? add[name]]));
    try {
      await documents.send(
        new UpdateCommand({
          TableName,
          Key,
          UpdateExpression: expressions.join(' '),
          ...condition,
          ExpressionAttributeNames: Object.fromEntries(all.map((name) => [placed(name), name])),
          ExpressionAttributeValues: { ...values, ...(typeof seen === 'object' ? { ':seen': seen.revision } : {}) },
        }),
      );
      return true;
    } catch (error) {
      if (isConditionFailed(error)) return false;
      throw error;
    }
  }

  return {
    /** `next` is of the revision after the one that was seen. False where somebody else changed it since: look again. */
    putPool: (seen: PoolRow | undefined, next: PoolRow): Promise<boolean> => {
      const { jobs: _jobs, free: _free, ...fields } = next;
      const gone = { reported: undefined, why: undefined, queueUrl: undefined };
      const grown = Object.fromEntries(grownBy(seen?.capacity ?? {}, next.capacity).map(([name, more]) => [freeAttribute(name), more]));
      return write(poolKey(next.taskGroup), { ...gone, ...fields }, { jobs: 0, ...grown }, seen ?? 'none');
    },

    /** Of a pool that is no more, once no job is on it any more; false as long as one is. */
    async removePool(taskGroup: string): Promise<boolean> {
      try {
        await documents.send(
          new DeleteCommand({
            TableName,
            Key: poolKey(taskGroup),
            ConditionExpression: 'attribute_not_exists(pk) OR (#state = :gone AND jobs = :none)',
            ExpressionAttributeNames: { '#state': 'state' },
            ExpressionAttributeValues: { ':gone': 'gone', ':none': 0 },
          }),
        );
        return true;
      } catch (error) {
        if (isConditionFailed(error)) return false;
        throw error;
      }
    },

    /** False where somebody else changed it since it was seen: look again. */
    putOverall: (seen: OverallRow | undefined, next: OverallRow): Promise<boolean> => {
      const { jobs: _jobs, ...fields } = next;
      return write(overallKey, { perCustomerMaxJobs: undefined, ...fields }, { jobs: 0 }, seen ?? 'none');
    },

    putCustomer: ({ jobs: _jobs, ...fields }: CustomerRow): Promise<boolean> =>
      write(customerKey(fields.customer), { maxJobs: undefined, ...fields }, { jobs: 0 }),
  };
}

/** By how much more there is of each quantity. Quantities are decimals, which the difference of two floats need not be. */
function grownBy(before: Quantities, after: Quantities): [string, number][] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].map((name): [string, number] => [name, Number(((after[name] ?? 0) - (before[name] ?? 0)).toPrecision(12))]);
}
