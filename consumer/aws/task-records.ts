/**
 * Attempts, ends, steps and letters in the tasks table. Every write says under which condition it may happen, so that
 * copies of a message, late answers and crashes leave one truth.
 */
import { randomUUID } from 'node:crypto';
import { DeleteCommand, PutCommand, QueryCommand, type QueryCommandOutput, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import {
  AttemptRecord,
  attemptsSortKey,
  letterSortKey,
  recordKeepSeconds,
  StepRecord,
  stepSortKey,
  taskKey,
} from '../../lambdas/contract/task-table.ts';
import { beforeStart, hasExpired } from '../../lambdas/domain/task/attempt.ts';
import { letterText } from '../../lambdas/domain/task/letter.ts';
import type { HeldTask, TaskRecords, TaskReference } from '../ports.ts';
import { type Documents, isRefused, updateOrBegin } from './conditional-update.ts';

const attemptsKey = ({ pipeline, task, redrives }: TaskReference) => ({ pk: taskKey(pipeline, task), sk: attemptsSortKey(redrives) });
const secondsOf = (nowMs: number) => Math.floor(nowMs / 1_000);
const expiry = (nowMs: number, keepSeconds = recordKeepSeconds) => Math.ceil(nowMs / 1_000) + keepSeconds;

export function taskRecords(documents: Documents, TableName: string): TaskRecords {
  return {
    async claim(claim, nowMs) {
      const input = {
        TableName,
        Key: attemptsKey(claim),
        UpdateExpression:
          'SET #status = :running, holder = :holder, aliveUntilMs = :alive, startedAtMs = :now, firstClaimedAtMs = if_not_exists(firstClaimedAtMs, :now), expiresAt = :expires ADD starts :one',
        ConditionExpression:
          'attribute_not_exists(#status) OR (#status IN (:running, :waiting) AND expiresAt >= :nowSeconds AND (attribute_not_exists(aliveUntilMs) OR aliveUntilMs < :now))',
        ExpressionAttributeNames: { '#status': 'status' },
        ExpressionAttributeValues: {
          ...{ ':running': 'running', ':waiting': 'waiting', ':holder': claim.holder, ':alive': claim.aliveUntilMs },
          ...{ ':now': nowMs, ':nowSeconds': secondsOf(nowMs), ':expires': expiry(nowMs), ':one': 1 },
        },
        ReturnValues: 'ALL_OLD' as const,
      };
      const { Attributes, failedOn } = await updateOrBegin(documents, input, nowMs);
      if (failedOn === undefined)
        return { kind: 'claimed', before: Attributes === undefined ? undefined : AttemptRecord.parse(Attributes) };
      const record = AttemptRecord.parse(failedOn);
      if (record.status === 'done' || record.status === 'dead') return { kind: 'ended', record };
      // The first answer was lost and the SDK asked again: this start is counted already.
      if (record.holder === claim.holder) return { kind: 'claimed', before: beforeStart(record) };
      return { kind: 'held', untilMs: record.aliveUntilMs ?? nowMs };
    },

    async release(claim, { excused, failed, aliveUntilMs }, nowMs) {
      const [alive, gone] = aliveUntilMs === undefined ? ['', ', aliveUntilMs'] : [', aliveUntilMs = :alive', ''];
      const input = {
        TableName,
        Key: attemptsKey(claim),
        UpdateExpression: `SET #status = :waiting, writeId = :write, expiresAt = :expires${alive}${appended} REMOVE holder${gone} ADD starts :starts, excused :excused`,
        ConditionExpression: `(${condition(claim)}) AND (attribute_not_exists(writeId) OR writeId <> :write)`,
        ExpressionAttributeNames: appendedNames,
        ExpressionAttributeValues: {
          ...{ ':waiting': 'waiting', ':expires': expiry(nowMs), ':failed': failed, ':none': [], ':write': randomUUID() },
          ...(aliveUntilMs === undefined ? {} : { ':alive': aliveUntilMs }),
          ...{ ':starts': claim.holder === undefined ? 1 : 0, ':excused': excused ? 1 : 0 },
          ...conditionValues(claim, nowMs),
        },
      };
      await updateOrBegin(documents, input, nowMs);
    },

    async end(claim, { status, keepSeconds, failed, kept, untold }, nowMs) {
      const writeId = randomUUID();
      const more = namedValues({ ...kept, ...(untold ? { [`${untold}AtMs`]: nowMs } : {}) });
      const input = {
        TableName,
        Key: attemptsKey(claim),
        UpdateExpression: `SET #status = :status, writeId = :write, endedAtMs = :now, expiresAt = :expires${appended}${more.set} REMOVE holder, aliveUntilMs ADD starts :starts`,
        ConditionExpression: condition(claim),
        ExpressionAttributeNames: { ...appendedNames, ...more.names },
        ExpressionAttributeValues: {
          ...{
            ':status': status,
            ':now': nowMs,
            ':expires': expiry(nowMs, keepSeconds),
            ':failed': failed,
            ':none': [],
            ':write': writeId,
          },
          ...{ ':starts': claim.holder === undefined ? 1 : 0 },
          ...more.values,
          ...conditionValues(claim, nowMs),
        },
      };
      const { failedOn } = await updateOrBegin(documents, input, nowMs);
      // The first answer was lost and the SDK asked again: it was this very write that ended it.
      return failedOn === undefined || AttemptRecord.safeParse(failedOn).data?.writeId === writeId;
    },

    async lettered(task, deadMessageId, nowMs) {
      await documents.send(
        new UpdateCommand({
          TableName,
          Key: attemptsKey(task),
          UpdateExpression: 'SET letteredAtMs = :now, deadMessageId = :message',
          ConditionExpression: 'attribute_exists(pk)',
          ExpressionAttributeValues: { ':now': nowMs, ':message': deadMessageId },
        }),
      );
    },

    async forget(claim) {
      if (claim.holder === undefined) return;
      try {
        await documents.send(
          new DeleteCommand({
            TableName,
            Key: attemptsKey(claim),
            ConditionExpression: 'holder = :holder',
            ExpressionAttributeValues: { ':holder': claim.holder },
          }),
        );
      } catch (error) {
        if (!isRefused(error)) throw error;
      }
    },

    async steps({ pipeline, task }, nowMs) {
      const found = new Map<string, StepRecord>();
      const prefix = stepSortKey('');
      for await (const items of pages(documents, TableName, taskKey(pipeline, task), prefix))
        for (const { sk, ...item } of items) {
          const record = StepRecord.parse(item);
          if (!hasExpired(record, nowMs)) found.set(String(sk).slice(prefix.length), record);
        }
      return found;
    },

    async recordStep({ pipeline, task }, name, record) {
      const Key = { pk: taskKey(pipeline, task), sk: stepSortKey(name) };
      await documents.send(new PutCommand({ TableName, Item: { ...Key, ...record } }));
    },

    async keepLetter(task, letter, messageId, nowMs) {
      const Key = { pk: taskKey(task.pipeline, task.task), sk: letterSortKey(task.redrives) };
      await documents.send(new PutCommand({ TableName, Item: { ...Key, json: letterText(letter), messageId, expiresAt: expiry(nowMs) } }));
    },
  };
}

const appended = ', #history = list_append(if_not_exists(#history, :none), :failed)';
const appendedNames = { '#status': 'status', '#history': 'history' };

/** Attributes to be set besides, each under its own name: some are words of DynamoDB's. */
function namedValues(attributes: Record<string, string | number>) {
  const names = Object.keys(attributes);
  return {
    set: names.map((name) => `, #${name} = :${name}`).join(''),
    names: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    values: Object.fromEntries(names.map((name) => [`:${name}`, attributes[name]])),
  };
}

/** Ours still, or (never claimed) of nobody and not ended. */
const condition = ({ holder }: HeldTask) =>
  holder === undefined
    ? 'attribute_not_exists(#status) OR (attribute_not_exists(holder) AND #status = :open AND expiresAt >= :nowSeconds)'
    : 'holder = :holder';
const conditionValues = ({ holder }: HeldTask, nowMs: number) =>
  holder === undefined ? { ':open': 'waiting', ':nowSeconds': secondsOf(nowMs) } : { ':holder': holder };

async function* pages(documents: Documents, TableName: string, pk: string, prefix: string): AsyncGenerator<Record<string, unknown>[]> {
  let start: QueryCommandOutput['LastEvaluatedKey'];
  do {
    const page: QueryCommandOutput = await documents.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': pk, ':prefix': prefix },
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }),
    );
    yield page.Items ?? [];
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
}
