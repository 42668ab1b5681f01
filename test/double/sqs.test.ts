/** SQS's rules as the double enforces them. */
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { queueArn, queueUrl, world } from './aws/support.ts';

const url = queueUrl('q');
const redrive = (target: string, maxReceiveCount = 2) => JSON.stringify({ deadLetterTargetArn: queueArn(target), maxReceiveCount });

describe('queues', () => {
  it.each([
    ['a name of 81 characters', 'x'.repeat(81), {}, 'InvalidParameterValue'],
    ['an unknown attribute', 'new', { Speed: '1' }, 'InvalidAttributeName'],
    ['visibility over 12 hours', 'new', { VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
    ['a FIFO name without the attribute', 'new.fifo', {}, 'InvalidParameterValue'],
    ['a dead-letter queue that is not there', 'new', { RedrivePolicy: redrive('none') }, 'InvalidParameterValue'],
    ['a FIFO dead-letter queue of a standard queue', 'new', { RedrivePolicy: redrive('dlq.fifo') }, 'InvalidParameterValue'],
    ['maxReceiveCount 1,001', 'new', { RedrivePolicy: redrive('dlq', 1_001) }, 'InvalidParameterValue'],
    [
      'a policy for another queue',
      'new',
      { Policy: JSON.stringify({ Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sqs:*', Resource: queueArn('other') }] }) },
      'InvalidAttributeValue',
    ],
    ['the same again', 'q', { VisibilityTimeout: '30' }, 'ok'],
    ['the same name with another attribute', 'q', { VisibilityTimeout: '31' }, 'QueueNameExists'],
    ['a FIFO queue', 'new.fifo', { FifoQueue: 'true', RedrivePolicy: redrive('dlq.fifo') }, 'ok'],
  ])('%s', async (_what, QueueName, Attributes, expected) => {
    const { aws, clients, outcome } = world();
    aws.sqs.createQueue('q', { VisibilityTimeout: '30' });
    aws.sqs.createQueue('dlq');
    aws.sqs.createQueue('dlq.fifo', { FifoQueue: 'true' });
    expect(
      await outcome(() => clients.sqs.send(new CreateQueueCommand({ QueueName, Attributes: Attributes as Record<string, string> }))),
    ).toBe(expected);
  });

  it('keeps a deleted name for 60 seconds', async () => {
    const { aws, clients, outcome, advance } = world();
    aws.sqs.createQueue('q');
    const create = () => clients.sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
    expect(await outcome(() => clients.sqs.send(new DeleteQueueCommand({ QueueUrl: url })))).toBe('ok');
    expect(await outcome(() => clients.sqs.send(new GetQueueUrlCommand({ QueueName: 'q' })))).toBe('QueueDoesNotExist');
    expect(await outcome(create)).toBe('QueueDeletedRecently');
    await advance(60_000);
    expect(await outcome(create)).toBe('ok');
  });

  it('lists by prefix, page by page', async () => {
    const { aws, clients, wait } = world();
    for (const name of ['a-1', 'a-2', 'a-3', 'b-1']) aws.sqs.createQueue(name);
    const first = await wait(clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'a-', MaxResults: 2 })));
    expect(first.QueueUrls).toEqual([queueUrl('a-1'), queueUrl('a-2')]);
    const second = await wait(
      clients.sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'a-', MaxResults: 2, NextToken: first.NextToken })),
    );
    expect([second.QueueUrls, second.NextToken]).toEqual([[queueUrl('a-3')], undefined]);
  });

  it('tags, untags and sets attributes', async () => {
    const { aws, clients, wait } = world();
    aws.sqs.createQueue('q', {}, { a: '1' });
    await wait(clients.sqs.send(new TagQueueCommand({ QueueUrl: url, Tags: { b: '2' } })));
    await wait(clients.sqs.send(new UntagQueueCommand({ QueueUrl: url, TagKeys: ['a'] })));
    expect((await wait(clients.sqs.send(new ListQueueTagsCommand({ QueueUrl: url })))).Tags).toEqual({ b: '2' });
    await wait(clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: '90' } })));
    const { Attributes } = await wait(
      clients.sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['VisibilityTimeout', 'QueueArn'] })),
    );
    expect(Attributes).toEqual({ VisibilityTimeout: '90', QueueArn: queueArn('q') });
  });
});

describe('messages', () => {
  async function withMessage(attributes: Record<string, string> = {}) {
    const made = world({ latencyMs: { min: 2, max: 2 } });
    made.aws.sqs.createQueue('dlq');
    made.aws.sqs.createQueue('q', { VisibilityTimeout: '30', RedrivePolicy: redrive('dlq'), ...attributes });
    await made.wait(made.clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'one' })));
    const receive = async (from = url) =>
      (await made.wait(made.clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: from, MessageSystemAttributeNames: ['All'] }))))
        .Messages?.[0];
    return { ...made, receive };
  }

  it('come back after the visibility timeout, counted, and end in the dead-letter queue', async () => {
    const { receive, advance } = await withMessage();
    expect((await receive())?.Attributes?.['ApproximateReceiveCount']).toBe('1');
    expect(await receive()).toBeUndefined();
    await advance(30_000);
    expect((await receive())?.Attributes?.['ApproximateReceiveCount']).toBe('2');
    await advance(30_000);
    expect(await receive()).toBeUndefined();
    expect((await receive(queueUrl('dlq')))?.Body).toBe('one');
  });

  it('are deleted with the latest handle and are gone past their retention', async () => {
    const { aws, clients, wait, receive, advance } = await withMessage({ MessageRetentionPeriod: '60' });
    const message = await receive();
    await wait(clients.sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle })));
    expect(aws.sqs.find('q')?.size).toBe(0);
    await wait(clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'two' })));
    await advance(61_000);
    expect(await receive()).toBeUndefined();
  });

  it('wait at most 12 hours from their receive', async () => {
    const { clients, outcome, receive, advance } = await withMessage();
    const message = await receive();
    const change = (VisibilityTimeout: number) => () =>
      clients.sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }));
    expect(await outcome(change(43_000))).toBe('ok');
    await advance(1_000_000);
    expect(await outcome(change(43_000))).toBe('InvalidParameterValue');
    expect(await outcome(change(0))).toBe('ok');
    expect(await outcome(change(10))).toBe('MessageNotInflight');
  });

  it('are refused one by one by a policy that denies sending', async () => {
    const { clients, wait, outcome } = await withMessage();
    const Policy = JSON.stringify({ Statement: [{ Effect: 'Deny', Principal: '*', Action: 'sqs:SendMessage', Resource: queueArn('q') }] });
    await wait(clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } })));
    expect(await outcome(() => clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'two' })))).toBe('AccessDenied');
    const answer = await wait(clients.sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: 'a', MessageBody: 'x' }] })));
    expect(answer.Failed?.[0]?.Code).toBe('AccessDenied');
    await wait(clients.sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy: '' } })));
    expect(await outcome(() => clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'two' })))).toBe('ok');
  });

  it('are counted late where the test asks for it', async () => {
    const { aws, clients, wait, advance } = world({ sqs: { countLagMs: 60_000 } });
    aws.sqs.createQueue('q');
    const visible = async () =>
      (await wait(clients.sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['ApproximateNumberOfMessages'] }))))
        .Attributes?.['ApproximateNumberOfMessages'];
    expect(await visible()).toBe('0');
    await wait(clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'one' })));
    expect(await visible()).toBe('0');
    await advance(60_000);
    expect(await visible()).toBe('1');
  });

  it('of a standard queue may have a message group, and no deduplication id', async () => {
    const { aws, clients, outcome } = world();
    aws.sqs.createQueue('q');
    const send = (fields: object) => clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'a', ...fields }));
    expect(await outcome(() => send({ MessageGroupId: 'g' }))).toBe('ok');
    expect(await outcome(() => send({ MessageGroupId: 'g', MessageDeduplicationId: 'd' }))).toBe('InvalidParameterValue');
  });

  it('of a FIFO group come in order, one receive at a time, and once per deduplication id', async () => {
    const { aws, clients, wait } = world();
    aws.sqs.createQueue('q.fifo', { FifoQueue: 'true' });
    const QueueUrl = queueUrl('q.fifo');
    const send = (body: string, group: string, id = body) =>
      wait(clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageGroupId: group, MessageDeduplicationId: id })));
    const receive = async () => (await wait(clients.sqs.send(new ReceiveMessageCommand({ QueueUrl })))).Messages?.[0]?.Body;
    await send('a1', 'a');
    await send('again', 'a', 'a1');
    await send('a2', 'a');
    await send('b1', 'b');
    expect([await receive(), await receive(), await receive()]).toEqual(['a1', 'b1', undefined]);
  });
});
