/** The record of calls, planted faults, killed callers, and S3. */

import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, HeadObjectCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { isWrite } from './aws/calls.ts';
import { connectionLost } from './aws/errors.ts';
import { queueUrl, world } from './aws/support.ts';

const create = (QueueName: string) => new CreateQueueCommand({ QueueName });

describe('faults', () => {
  it('hit the nth fitting call, before or after it was done', async () => {
    const { aws, clients, outcome } = world();
    aws.log.plant({ nth: 2, when: 'before', effect: connectionLost(), fits: (call) => call.operation === 'CreateQueue' });
    aws.log.plant({ nth: 3, when: 'after', effect: connectionLost(), fits: (call) => call.operation === 'CreateQueue' });
    const outcomes = [];
    for (const name of ['a', 'b', 'c', 'd']) outcomes.push(await outcome(() => clients.sqs.send(create(name))));
    expect(outcomes).toEqual(['ok', 'TimeoutError', 'TimeoutError', 'ok']);
    expect(aws.sqs.all().map((queue) => queue.identity.name)).toEqual(['a', 'c', 'd']);
    expect(aws.log.calls.filter(isWrite).map((call) => call.outcome)).toEqual(['ok', 'fault before', 'fault after', 'ok']);
  });

  it('kill a caller for good: nothing comes back, nothing more arrives', async () => {
    const { aws } = world();
    const { process, clients } = aws.caller('doomed');
    aws.log.plant({ nth: 1, when: 'after', effect: 'crash' });
    let cameBack = false;
    void clients.sqs.send(create('a')).finally(() => (cameBack = true));
    void process.clock.sleep(5_000).then(() => (cameBack = true));
    await aws.clock.run();
    void clients.sqs.send(create('b'));
    await aws.clock.run();
    expect([cameBack, process.alive, await process.dead]).toEqual([false, false, 'killed']);
    expect(aws.sqs.all().map((queue) => queue.identity.name)).toEqual(['a']);
  });

  it('refuse commands the double does not know', async () => {
    const { clients, wait } = world();
    await expect(wait(clients.documents.send(new PutItemCommand({ TableName: 't', Item: {} }) as never))).rejects.toThrow(
      'PutItem is not in the double',
    );
    await expect(wait(clients.sqs.send(new PurgeQueueCommand({ QueueUrl: queueUrl('none') })))).rejects.toThrow('does not exist');
  });

  it('take the same time every time', async () => {
    const times = await Promise.all(
      [1, 2].map(async () => {
        const { aws, clients, wait } = world();
        await wait(clients.sqs.send(create('a')));
        return aws.clock.nowMs();
      }),
    );
    expect(times[0]).toBe(times[1]);
  });
});

describe('S3', () => {
  it('keeps versions, and knows what is not there', async () => {
    const { clients, wait, outcome, zip } = world();
    const second = await wait(clients.s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'consumer.zip', Body: 'zip ok two' })));
    const head = await wait(clients.s3.send(new HeadObjectCommand({ Bucket: 'code', Key: 'consumer.zip' })));
    expect([head.VersionId, head.ContentLength]).toEqual([second.VersionId, 10]);
    const first = await wait(clients.s3.send(new GetObjectCommand({ Bucket: 'code', Key: 'consumer.zip', VersionId: zip.versionId })));
    expect(await first.Body?.transformToString()).toBe('zip ok one');
    expect(await outcome(() => clients.s3.send(new HeadObjectCommand({ Bucket: 'code', Key: 'none' })))).toBe('NotFound');
    expect(await outcome(() => clients.s3.send(new GetObjectCommand({ Bucket: 'code', Key: 'none' })))).toBe('NoSuchKey');
    const { Versions } = await wait(clients.s3.send(new ListObjectVersionsCommand({ Bucket: 'code' })));
    expect(Versions?.map((version) => version.IsLatest)).toEqual([true, false]);
  });
});
