/** Permits in the tasks table, waiters woken through SQS. What is decided is in lambdas/domain/task/permit.ts. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChangeMessageVisibilityCommand, GetQueueUrlCommand, type SQSClient } from '@aws-sdk/client-sqs';
import {
  DeleteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { permitKey, permitStateSortKey, recordKeepSeconds, tasksExpiryAttribute } from '../../lambdas/contract/task-table.ts';
import type { Permits } from '../ports.ts';
import { leasePermits, type PermitStore, type PermitWorld } from '../runtime/lease-permits.ts';
import { PermitItem, stateWrite, WaiterItem } from './permit-item.ts';

type Documents = Pick<DynamoDBDocumentClient, 'send'>;
type Sqs = Pick<SQSClient, 'send'>;

/** Tokens are keys in one item: 12 characters, from 72 random bits. */
const systemWorld: PermitWorld = {
  random: Math.random,
  newId: () => randomBytes(9).toString('base64url'),
  sleep: (milliseconds) => sleep(milliseconds),
};

export function permits(documents: Documents, sqs: Sqs, table: string, world: PermitWorld = systemWorld): Permits {
  const wake = wakeUp(sqs);
  const stateKey = (name: string) => ({ TableName: table, Key: { pk: permitKey(name), sk: permitStateSortKey } });
  const waiterKey = (name: string, id: string) => ({ TableName: table, Key: { pk: permitKey(name), sk: `waiter#${id}` } });

  /** False where the condition does not hold. */
  async function update(input: UpdateCommandInput): Promise<boolean> {
    try {
      await documents.send(new UpdateCommand(input));
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }

  const store: PermitStore = {
    async read(name) {
      const { Item } = await documents.send(new GetCommand({ ...stateKey(name), ConsistentRead: true }));
      const { limit, ...state } = PermitItem.parse(Item ?? {});
      return limit === undefined ? undefined : { ...state, limit };
    },

    write: (name, seen, next) => update({ ...stateKey(name), ...stateWrite(seen, next) }),

    extend: (name, token, surelyOverMs) =>
      update({
        ...stateKey(name),
        UpdateExpression: 'SET holders.#held = :over ADD #version :one',
        // Equal: this very renewal, repeated by the SDK after its answer was lost.
        ConditionExpression: 'holders.#held <= :over',
        ExpressionAttributeNames: { '#held': token, '#version': 'version' },
        ExpressionAttributeValues: { ':over': surelyOverMs, ':one': 1 },
      }),

    async drop(name, token) {
      await update({
        ...stateKey(name),
        UpdateExpression: 'REMOVE holders.#held ADD #version :one',
        ConditionExpression: 'attribute_exists(holders.#held)',
        ExpressionAttributeNames: { '#held': token, '#version': 'version' },
        ExpressionAttributeValues: { ':one': 1 },
      });
    },

    async rank(name, id) {
      const { Item } = await documents.send(new GetCommand(waiterKey(name, id)));
      const waiter = WaiterItem.safeParse(Item);
      return waiter.success ? waiter.data.rankMs : undefined;
    },

    async rememberWaiter({ id, rankMs }, { name, pipeline, task, queueName, receiptHandle }, wakeableMs) {
      const expiresAt = Math.ceil(wakeableMs / 1_000) + recordKeepSeconds;
      const { TableName, Key } = waiterKey(name, id);
      const Item = { ...Key, rankMs, queueName, receiptHandle, wakeableMs, pipeline, task, [tasksExpiryAttribute]: expiresAt };
      await documents.send(new PutCommand({ TableName, Item }));
    },

    async forgetWaiter(name, id) {
      await documents.send(new DeleteCommand(waiterKey(name, id)));
    },

    async wake(name, id, nowMs) {
      const { Item } = await documents.send(new GetCommand({ ...waiterKey(name, id), ConsistentRead: true }));
      const waiter = WaiterItem.safeParse(Item);
      return waiter.success && (await wake(waiter.data, nowMs));
    },
  };
  return leasePermits(store, world);
}

/** Makes a message visible as soon as its holder has handed it back; false where it is gone or was received anew. */
function wakeUp(sqs: Sqs) {
  const urls = new Map<string, string | undefined>();
  return async ({ queueName, receiptHandle, wakeableMs }: WaiterItem, nowMs: number): Promise<boolean> => {
    const VisibilityTimeout = Math.min(60, Math.max(0, Math.ceil((wakeableMs - nowMs) / 1_000)));
    try {
      if (!urls.has(queueName)) urls.set(queueName, (await sqs.send(new GetQueueUrlCommand({ QueueName: queueName }))).QueueUrl);
      await sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: urls.get(queueName), ReceiptHandle: receiptHandle, VisibilityTimeout }),
      );
      return true;
    } catch (error) {
      // It is visible already, and so on its way.
      return error instanceof Error && error.name.endsWith('MessageNotInflight');
    }
  };
}
