/** A group's cooling in the tasks table: one record all its invocations read, one count per day. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { CoolingRecord, coolingSortKey, dayOf, groupKey, limitedSortKey, recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import type { GroupCooling } from '../ports.ts';
import type { ConsumerSettings } from '../runtime/consumer-settings.ts';

type Clients = [documents: Pick<DynamoDBDocumentClient, 'send'>, sqs: Pick<SQSClient, 'send'>];

export function groupCooling(
  ...[documents, sqs, settings]: [...Clients, Pick<ConsumerSettings, 'tasksTable' | 'hintsQueueUrl'>]
): GroupCooling {
  const TableName = settings.tasksTable;

  async function get(pipeline: string, ConsistentRead: boolean): Promise<CoolingRecord | undefined> {
    const { Item } = await documents.send(
      new GetCommand({ TableName, Key: { pk: groupKey(pipeline), sk: coolingSortKey }, ConsistentRead }),
    );
    return Item === undefined ? undefined : CoolingRecord.parse(Item);
  }

  return {
    // Looked at by every environment, every second: half the price, and old by less than that second.
    read: (pipeline) => get(pipeline, false),

    async cool(pipeline, { untilMs, message, streak }, nowMs) {
      const expiresAt = Math.ceil(untilMs / 1_000) + recordKeepSeconds;
      const prolonged = documents.send(
        new UpdateCommand({
          TableName,
          Key: { pk: groupKey(pipeline), sk: coolingSortKey },
          UpdateExpression: 'SET untilMs = :until, lastLimitedAtMs = :now, #message = :message, streak = :streak, expiresAt = :expires',
          ExpressionAttributeNames: { '#message': 'message' },
          ConditionExpression: 'attribute_not_exists(untilMs) OR untilMs < :until',
          ExpressionAttributeValues: { ':until': untilMs, ':now': nowMs, ':message': message, ':streak': streak, ':expires': expiresAt },
          ReturnValues: 'ALL_NEW',
        }),
      );
      const counted = documents.send(
        new UpdateCommand({
          TableName,
          Key: { pk: groupKey(pipeline), sk: limitedSortKey(dayOf(nowMs)) },
          UpdateExpression: 'SET lastLimitedAtMs = :now, expiresAt = :expires ADD #count :one',
          ExpressionAttributeNames: { '#count': 'count' },
          ExpressionAttributeValues: { ':now': nowMs, ':expires': expiresAt, ':one': 1 },
        }),
      );
      // The count is for people: it must not fail the cooling.
      const [answer] = await Promise.all([
        prolonged.catch(async (error: unknown) => {
          if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error;
          // It cools for longer already.
          return { Attributes: await get(pipeline, true) };
        }),
        counted.catch(() => undefined),
      ]);
      return CoolingRecord.parse(answer.Attributes ?? { untilMs, lastLimitedAtMs: nowMs, message, streak, expiresAt });
    },

    async hint(group) {
      const hint = { kind: 'group', taskGroup: group, class: 'change' };
      await sqs.send(new SendMessageCommand({ QueueUrl: settings.hintsQueueUrl, MessageBody: JSON.stringify(hint) }));
    },
  };
}
