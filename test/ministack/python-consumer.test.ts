/** The Python example with its helper: what is done, tried again, waited for and set aside, by the same records and letters as the library's. */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { consumerZip } from '../../cli/release/consumer-zip.ts';
import { AttemptRecord, attemptsSortKey, taskKey } from '../../lambdas/contract/task-table.ts';
import { taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { inProject } from '../../local/paths.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  lookAtQueue,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  writeItem,
} from '../support/groups.ts';
import { scriptedApi } from '../support/scripted-api.ts';
import { stage } from '../support/shared-stage.ts';

removeGroupsAfterwards();

async function statusOf(taskGroup: string, id: string): Promise<AttemptRecord['status'] | undefined> {
  const Key = { pk: taskKey(namesOf(taskGroup).function, id), sk: attemptsSortKey(0) };
  const { Item } = await aws.documents.send(new GetCommand({ TableName: stage.outputs.TasksTableName, Key, ConsistentRead: true }));
  return Item && AttemptRecord.parse(Item).status;
}

async function deadLetter(taskGroup: string) {
  const queue = await lookAtQueue(namesOf(taskGroup).deadLetterQueue);
  const { Messages = [] } = await aws.sqs.send(
    new ReceiveMessageCommand({ QueueUrl: queue?.url, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
  );
  return Messages.map(({ Body = '', MessageAttributes = {} }) => ({
    body: JSON.parse(Body),
    attributes: Object.keys(MessageAttributes).toSorted(),
    letter: readLetter(MessageAttributes[taskAttributes.letter]?.StringValue),
  }));
}

/** The helper under a task of the test's own. */
async function helperWith(index: string): Promise<Uint8Array> {
  const files = unzipSync(await consumerZip(inProject('examples', 'consumer-python')));
  return zipSync({ ...files, 'index.py': strToU8(index) });
}

async function untilEnds(taskGroup: string, expected: Record<string, AttemptRecord['status']>): Promise<void> {
  await eventually('every task has its end', async () => {
    const ends = await Promise.all(Object.keys(expected).map(async (id) => [id, await statusOf(taskGroup, id)] as const));
    expect(Object.fromEntries(ends)).toEqual(expected);
    return true;
  });
}

test('done, tried again, waited for, set aside with the reason', async () => {
  const partner = await scriptedApi({
    '/A/flaky': [{ status: 503 }, { status: 200 }],
    '/A/limited': [{ status: 429, headers: { 'retry-after': '1' } }, { status: 200 }],
    '/A/refused': [{ status: 422 }],
    '/A/down': [{ status: 500 }],
    '*': [{ status: 200 }],
  });
  const taskGroup = newGroup('python');
  const { key } = await newCode(await consumerZip(inProject('examples', 'consumer-python')));
  await writeItem({
    taskGroup,
    code: { key },
    consumer: 'sluice',
    batch: { size: 5 },
    retry: { maxRetries: 1, baseSeconds: 1 },
    function: { runtime: 'python3.13', handler: 'index.handler', timeout: 10, environment: { PARTNER_URL: partner.url } },
  });
  await untilPhase(taskGroup, 'Active');

  const expected = { good: 'done', flaky: 'done', limited: 'done', refused: 'dead', down: 'dead' } as const;
  const tasks = Object.keys(expected).map((id) => ({ customer: 'A', id }));
  await sendTasks(taskGroup, tasks, { attributes: ({ id }) => ({ [taskAttributes.task]: id }) });
  await untilEnds(taskGroup, expected);

  const times = Map.groupBy(partner.asked, ({ path }) => path.slice('/A/'.length));
  expect(Object.fromEntries([...times].map(([id, calls]) => [id, calls.length]))).toEqual({
    good: 1,
    flaky: 2,
    limited: 2,
    refused: 1,
    down: 2,
  });

  const letters = await deadLetter(taskGroup);
  expect(letters.toSorted((a, b) => a.body.id.localeCompare(b.body.id))).toMatchObject([
    {
      body: { customer: 'A', id: 'down' },
      attributes: [taskAttributes.letter, taskAttributes.task],
      letter: {
        task: 'down',
        group: taskGroup,
        class: 'TRANSIENT',
        attempt: 2,
        history: [{ attempt: 1, class: 'TRANSIENT' }],
        by: 'sluice',
      },
    },
    { body: { id: 'refused' }, letter: { task: 'refused', class: 'DATA', message: expect.stringContaining('422'), attempt: 1 } },
  ]);

  // The same task again, by another message: it is done.
  await sendTasks(taskGroup, [{ customer: 'A', id: 'good' }], { attributes: ({ id }) => ({ [taskAttributes.task]: id }) });
  await sendTasks(taskGroup, [{ customer: 'A', id: 'after' }], { attributes: ({ id }) => ({ [taskAttributes.task]: id }) });
  await eventually('the last task is done', async () => (await statusOf(taskGroup, 'after')) === 'done');
  expect(partner.asked.filter(({ path }) => path === '/A/good')).toHaveLength(1);
});

test('the rate is held, and attempts that end without a word are counted', async () => {
  const partner = await scriptedApi({ '*': [{ status: 200 }] });
  const taskGroup = newGroup('python');
  const index = `
import os, urllib.request
import sluice

def run(body, task):
    urllib.request.urlopen(urllib.request.Request(f"{os.environ['PARTNER_URL']}/{body['id']}", method="POST")).read()
    if body["id"] == "crash":
        os._exit(1)

handler = sluice.consumer(run)
`;
  const { key } = await newCode(await helperWith(index));
  const [ratePerSecond, concurrency] = [2, 1];
  await writeItem({
    ...{ taskGroup, code: { key }, consumer: 'sluice', ratePerSecond, concurrency, retry: { maxRetries: 1 } },
    function: { runtime: 'python3.13', handler: 'index.handler', timeout: 3, environment: { PARTNER_URL: partner.url } },
    // The claim of one that died is over by then: timeout and skew.
    queue: { visibilityTimeout: 9 },
  });
  await untilPhase(taskGroup, 'Active');
  const good = Array.from({ length: 6 }, (_, n) => `good-${n}`);
  const tasks = [...good, 'crash'].map((id) => ({ id }));
  await sendTasks(taskGroup, tasks, { attributes: ({ id }) => ({ [taskAttributes.task]: id }) });
  await untilEnds(taskGroup, { ...Object.fromEntries(good.map((id) => [id, 'done'])), crash: 'dead' });

  expect(partner.asked.filter(({ path }) => path === '/crash')).toHaveLength(2);
  expect((await deadLetter(taskGroup)).map(({ letter }) => letter)).toMatchObject([
    { class: 'RESOURCE', message: expect.stringContaining('without a word'), attempt: 2 },
  ]);
  // Invariant 1: in any window at most r·T + c starts, and one for each invocation that died in it.
  const starts = partner.asked.map(({ atMs }) => atMs);
  for (const [from, first] of starts.entries())
    for (const [more, last] of starts.slice(from).entries())
      expect(more + 1).toBeLessThanOrEqual((ratePerSecond * (last - first)) / 1_000 + concurrency + 2);
});
