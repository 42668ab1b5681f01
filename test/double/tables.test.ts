/** DynamoDB's conditions, updates, pages and transactions as the double answers them. */
import {
  BatchGetCommand,
  BatchWriteCommand,
  DeleteCommand,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { describe, expect, it } from 'vitest';
import { connectionLost, NotInDouble } from './aws/errors.ts';
import { world } from './aws/support.ts';

const TableName = 't';

function tables() {
  const made = world();
  made.aws.dynamodb.createTable({ name: 't', hash: 'pk' });
  made.aws.dynamodb.createTable({ name: 'r', hash: 'pk', range: 'sk' });
  const { clients, wait, aws } = made;
  return {
    ...made,
    put: (item: Record<string, unknown>) => aws.dynamodb.put('t', item),
    read: (pk: string) => aws.dynamodb.read('t', { pk }),
    putIf:
      (ConditionExpression: string, values: Record<string, unknown> = {}, names: Record<string, string> = {}) =>
      () =>
        clients.documents.send(
          new PutCommand({
            TableName,
            Item: { pk: 'a', done: true },
            ConditionExpression,
            ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
            ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
          }),
        ),
    update: (UpdateExpression: string, values: Record<string, unknown> = {}, names: Record<string, string> = {}) =>
      wait(
        clients.documents.send(
          new UpdateCommand({
            TableName,
            Key: { pk: 'a' },
            UpdateExpression,
            ReturnValues: 'ALL_NEW',
            ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
            ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
          }),
        ),
      ).then(({ Attributes }) => Attributes),
  };
}

describe('conditions', () => {
  const item = { pk: 'a', n: 5, words: 'hello', tree: { leaf: 1 } };
  it.each([
    ['attribute_exists(pk)', {}, true],
    ['attribute_not_exists(pk)', {}, false],
    ['attribute_not_exists(gone)', {}, true],
    ['n = :v', { ':v': 5 }, true],
    ['n <> :v', { ':v': 5 }, false],
    ['gone <> :v', { ':v': 5 }, true],
    ['gone < :v', { ':v': 5 }, false],
    ['n < :v OR n > :v', { ':v': 5 }, false],
    ['n <= :v AND n >= :v', { ':v': 5 }, true],
    ['n > :v', { ':v': 'text' }, false],
    ['NOT n = :v', { ':v': 5 }, false],
    ['NOT (n = :v AND gone = :v)', { ':v': 5 }, true],
    ['n = :a OR n = :b AND gone = :b', { ':a': 5, ':b': 6 }, true],
    ['n BETWEEN :a AND :b', { ':a': 5, ':b': 6 }, true],
    ['n IN (:a, :b)', { ':a': 4, ':b': 5 }, true],
    ['begins_with(words, :v)', { ':v': 'hell' }, true],
    ['tree.leaf = :v', { ':v': 1 }, true],
    ['tree = :v', { ':v': { leaf: 1 } }, true],
  ])('%s %o', async (expression, values, passes) => {
    const { put, putIf, outcome } = tables();
    put(item);
    expect(await outcome(putIf(expression, values))).toBe(passes ? 'ok' : 'ConditionalCheckFailedException');
  });

  it.each([
    ['status = :v', { ':v': 1 }, {}, 'reserved keyword'],
    ['n = :gone', {}, {}, 'not defined'],
    ['#n = :v', { ':v': 1 }, {}, 'not defined'],
    ['n = :v', { ':v': 1, ':spare': 1 }, {}, 'unused'],
    ['n = :v', { ':v': 1 }, { '#spare': 'x' }, 'unused'],
    ['n = = :v', { ':v': 1 }, {}, 'Syntax error'],
    ['attribute_type(n, :v)', { ':v': 'S' }, {}, 'attribute_type'],
  ])('refuses %s', async (expression, values, names, message) => {
    const { wait, putIf } = tables();
    await expect(wait(putIf(expression, values, names)())).rejects.toThrow(message);
  });

  it('throws what is no answer of DynamoDB for what it does not know', async () => {
    const { wait, putIf } = tables();
    await expect(wait(putIf('attribute_type(n, :v)', { ':v': 'S' })())).rejects.toBeInstanceOf(NotInDouble);
  });
});

describe('updates', () => {
  it.each([
    ['SET n = n + :one', { ':one': 1 }, { n: 6 }],
    ['SET n = n - :one, m = :one', { ':one': 1 }, { n: 4, m: 1 }],
    ['SET m = if_not_exists(m, :zero) + :one', { ':zero': 0, ':one': 1 }, { m: 1 }],
    ['SET tree.leaf = :v REMOVE words', { ':v': 2 }, { tree: { leaf: 2 } }],
    ['ADD n :one, tally :one', { ':one': 1 }, { n: 6, tally: 1 }],
    ['SET m = n REMOVE n', {}, { m: 5 }],
    ['SET things = list_append(if_not_exists(things, :none), :v)', { ':none': [], ':v': ['x'] }, { things: ['x'] }],
  ])('%s', async (expression, values, expected) => {
    const { put, update } = tables();
    put({ pk: 'a', n: 5, words: 'hello', tree: { leaf: 1 } });
    expect(await update(expression, values)).toMatchObject(expected);
  });

  it.each([
    ['SET pk = :v', { ':v': 'b' }, 'part of the key'],
    ['SET n = :v, n = :v', { ':v': 1 }, 'overlap'],
    ['SET gone = missing + :v', { ':v': 1 }, 'does not exist in the item'],
    ['SET gone.deep = :v', { ':v': 1 }, 'invalid for update'],
    ['ADD words :v', { ':v': 1 }, 'incorrect data type'],
  ])('refuses %s', async (expression, values, message) => {
    const { put, update } = tables();
    put({ pk: 'a', n: 5, words: 'hello' });
    await expect(update(expression, values)).rejects.toThrow(message);
  });

  it('removes attributes', async () => {
    const { put, update } = tables();
    put({ pk: 'a', n: 5, tree: { leaf: 1 } });
    expect(await update('REMOVE n, tree.leaf')).toEqual({ pk: 'a', tree: {} });
  });

  it('makes an item where there is none, and gives the old one back on delete', async () => {
    const { clients, wait, update } = tables();
    expect(await update('SET n = :v', { ':v': 1 })).toEqual({ pk: 'a', n: 1 });
    expect(
      (await wait(clients.documents.send(new DeleteCommand({ TableName, Key: { pk: 'a' }, ReturnValues: 'ALL_OLD' })))).Attributes,
    ).toEqual({ pk: 'a', n: 1 });
  });
});

describe('pages', () => {
  it('queries one hash key in order of the range key, page by page', async () => {
    const { aws, clients, wait } = tables();
    for (const sk of ['c', 'a', 'b']) aws.dynamodb.put('r', { pk: 'x', sk });
    aws.dynamodb.put('r', { pk: 'y', sk: 'a' });
    const query = (start?: Record<string, unknown>) =>
      wait(
        clients.documents.send(
          new QueryCommand({
            TableName: 'r',
            KeyConditionExpression: 'pk = :x',
            ExpressionAttributeValues: { ':x': 'x' },
            Limit: 2,
            ...(start && { ExclusiveStartKey: start }),
          }),
        ),
      );
    const first = await query();
    expect(first.Items?.map((item) => item['sk'])).toEqual(['a', 'b']);
    const second = await query(first.LastEvaluatedKey);
    expect([second.Items?.map((item) => item['sk']), second.LastEvaluatedKey]).toEqual([['c'], undefined]);
  });

  it('refuses a query without the hash key and a key that does not fit', async () => {
    const { clients, outcome } = tables();
    expect(
      await outcome(() =>
        clients.documents.send(
          new QueryCommand({ TableName: 'r', KeyConditionExpression: 'sk = :x', ExpressionAttributeValues: { ':x': 'x' } }),
        ),
      ),
    ).toBe('ValidationException');
    expect(await outcome(() => clients.documents.send(new GetCommand({ TableName: 'r', Key: { pk: 'x' } })))).toBe('ValidationException');
    expect(await outcome(() => clients.documents.send(new GetCommand({ TableName: 'none', Key: { pk: 'x' } })))).toBe(
      'ResourceNotFoundException',
    );
  });

  it('scans with a filter and a projection', async () => {
    const { put, clients, wait } = tables();
    for (let n = 0; n < 5; n += 1) put({ pk: String(n), n, other: n });
    const { Items, ScannedCount } = await wait(
      clients.documents.send(
        new ScanCommand({ TableName, FilterExpression: 'n >= :v', ExpressionAttributeValues: { ':v': 3 }, ProjectionExpression: 'n' }),
      ),
    );
    expect([Items, ScannedCount]).toEqual([[{ n: 3 }, { n: 4 }], 5]);
  });
});

describe('several items at once', () => {
  it('writes all or none', async () => {
    const { put, read, clients, wait, outcome } = tables();
    put({ pk: 'a', n: 1 });
    const transact = (expected: number) =>
      clients.documents.send(
        new TransactWriteCommand({
          TransactItems: [
            { Put: { TableName, Item: { pk: 'b' } } },
            {
              Update: {
                TableName,
                Key: { pk: 'a' },
                UpdateExpression: 'SET n = :new',
                ConditionExpression: 'n = :old',
                ExpressionAttributeValues: { ':new': 2, ':old': expected },
              },
            },
          ],
        }),
      );
    await expect(wait(transact(7))).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    });
    expect(read('b')).toBeUndefined();
    expect(await outcome(() => transact(1))).toBe('ok');
    expect([read('a'), read('b')]).toEqual([{ pk: 'a', n: 2 }, { pk: 'b' }]);
  });

  it('does a transaction once that the SDK sends again after a lost answer', async () => {
    const { aws, clients, wait, read } = tables();
    aws.log.plant({ nth: 1, when: 'after', effect: connectionLost() });
    const trying = aws.clientsOf(aws.caller('retries').process, 3);
    const once = () =>
      new TransactWriteCommand({
        TransactItems: [{ Put: { TableName, Item: { pk: 'a' }, ConditionExpression: 'attribute_not_exists(pk)' } }],
      });
    await wait(trying.documents.send(once()));
    expect(read('a')).toEqual({ pk: 'a' });
    await expect(wait(clients.documents.send(once()))).rejects.toMatchObject({ name: 'TransactionCanceledException' });
  });

  it('gets and writes in batches within their limits', async () => {
    const { clients, wait, outcome } = tables();
    const writes = (count: number) => ({
      RequestItems: { t: Array.from({ length: count }, (_, n) => ({ PutRequest: { Item: { pk: String(n) } } })) },
    });
    expect(await outcome(() => clients.documents.send(new BatchWriteCommand(writes(26))))).toBe('ValidationException');
    expect(await outcome(() => clients.documents.send(new BatchWriteCommand(writes(25))))).toBe('ok');
    const { Responses } = await wait(
      clients.documents.send(new BatchGetCommand({ RequestItems: { t: { Keys: [{ pk: '1' }, { pk: 'gone' }] } } })),
    );
    expect(Responses?.['t']).toEqual([{ pk: '1' }]);
  });

  it('tells what changed, and only that', async () => {
    const { aws, put } = tables();
    const changes: unknown[] = [];
    aws.dynamodb.onChange = ({ keys, before, after }) => changes.push([keys, before?.['n'], after?.['n']]);
    put({ pk: 'a', n: 1 });
    put({ pk: 'a', n: 1 });
    put({ pk: 'a', n: 2 });
    aws.dynamodb.delete('t', { pk: 'a' });
    expect(changes).toEqual([
      [{ pk: 'a' }, undefined, 1],
      [{ pk: 'a' }, 1, 2],
      [{ pk: 'a' }, 2, undefined],
    ]);
  });
});
