/**
 * Reads of one table at about the same time, as one call. Every test that waits asks for its row ten times a second: a
 * hundred of them, each with a call of its own, would keep the local AWS from the work they wait for.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import type { AwsClients } from './aws-clients.ts';

type Key = Record<string, string>;
type Row = Record<string, unknown>;

/** What others ask for within this time goes along. */
const gatherMs = 30;
/** DynamoDB, BatchGetItem. */
const mostKeys = 100;

/** Consistent reads, each by its whole key. */
export function batchedGet(documents: AwsClients['documents'], TableName: string): (key: Key) => Promise<Row | undefined> {
  const identity = (row: Row, names: string[]) => JSON.stringify(names.map((name) => row[name]));
  const keyNames = (key: Key) => Object.keys(key).toSorted();

  async function getAll(keys: Key[]): Promise<Map<string, Row>> {
    const found = new Map<string, Row>();
    const names = keyNames(keys[0] ?? {});
    let left: Key[] = [...new Map(keys.map((key) => [identity(key, names), key])).values()];
    while (left.length > 0) {
      const Keys = left.slice(0, mostKeys);
      const { Responses, UnprocessedKeys } = await documents.send(
        new BatchGetCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead: true } } }),
      );
      for (const row of Responses?.[TableName] ?? []) found.set(identity(row, names), row);
      left = [...left.slice(mostKeys), ...((UnprocessedKeys?.[TableName]?.Keys ?? []) as Key[])];
    }
    return found;
  }

  let gathered: Key[] = [];
  let answer: Promise<Map<string, Row>> | undefined;
  return async (key) => {
    gathered.push(key);
    answer ??= sleep(gatherMs).then(() => {
      const keys = gathered;
      gathered = [];
      answer = undefined;
      return getAll(keys);
    });
    return (await answer).get(identity(key, keyNames(key)));
  };
}
