/** What is known of dead letters beside their messages: attempts, letters that had no room, looks, and what is saved. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GetCommand, PutCommand, QueryCommand, type QueryCommandOutput } from '@aws-sdk/lib-dynamodb';
import { DeadLetterLook, looksKey, type SavedDeadLetter } from '../contract/dead-letter-look.ts';
import { AttemptRecord, attemptsSortKey, LetterRecord, letterSortKey, recordKeepSeconds, taskKey } from '../contract/task-table.ts';
import type { Letter } from '../contract/task-wire.ts';
import { letterText, readLetter } from '../domain/task/letter.ts';
import type { Clients } from './clients.ts';
import { named } from './errors.ts';

interface TaskOfPipeline {
  pipeline: string;
  task: string;
  redrives: number;
}

const expiry = (nowMs: number) => Math.ceil(nowMs / 1_000) + recordKeepSeconds;

export function deadLetterRecords({ documents, s3 }: Pick<Clients, 'documents' | 's3'>, table: string, bucket: string) {
  async function item({ pipeline, task }: TaskOfPipeline, sk: string): Promise<unknown> {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: { pk: taskKey(pipeline, task), sk }, ConsistentRead: true }),
    );
    return Item;
  }

  return {
    async attempts(task: TaskOfPipeline): Promise<AttemptRecord | undefined> {
      return AttemptRecord.safeParse(await item(task, attemptsSortKey(task.redrives))).data;
    },

    /** The letter of this very message, where it had no room for it. */
    async letter(task: TaskOfPipeline, messageId: string): Promise<Letter | undefined> {
      const record = LetterRecord.safeParse(await item(task, letterSortKey(task.redrives))).data;
      return record?.messageId === messageId ? readLetter(record.json) : undefined;
    },

    async keepLetter({ pipeline, task, redrives }: TaskOfPipeline, letter: Letter, messageId: string, nowMs: number): Promise<void> {
      const Key = { pk: taskKey(pipeline, task), sk: letterSortKey(redrives) };
      await documents.send(
        new PutCommand({ TableName: table, Item: { ...Key, json: letterText(letter), messageId, expiresAt: expiry(nowMs) } }),
      );
    },

    /** The last look through each queue, by the queue's name. */
    async looks(): Promise<Map<string, DeadLetterLook>> {
      const found = new Map<string, DeadLetterLook>();
      let start: QueryCommandOutput['LastEvaluatedKey'];
      do {
        const page: QueryCommandOutput = await documents.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: 'pk = :looks',
            ExpressionAttributeValues: { ':looks': looksKey },
            ConsistentRead: true,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        for (const row of page.Items ?? []) {
          const look = DeadLetterLook.safeParse(row).data;
          if (look) found.set(look.queue, look);
        }
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
      return found;
    },

    /** A look nobody repeats is of a queue that is gone, and forgotten with the table's other records. */
    async looked(look: Omit<DeadLetterLook, 'expiresAt'>): Promise<void> {
      const Item = { pk: looksKey, sk: look.queue, ...look, expiresAt: expiry(look.lookedAtMs) };
      await documents.send(new PutCommand({ TableName: table, Item }));
    },

    async save(key: string, saved: SavedDeadLetter): Promise<void> {
      await named('PutObject', `s3://${bucket}/${key}`, () =>
        s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: JSON.stringify(saved), ContentType: 'application/json' })),
      );
    },
  };
}
export type DeadLetterRecords = ReturnType<typeof deadLetterRecords>;
