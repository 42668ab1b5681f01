/** What the SDK's real clients make of answers, and what they send along: against a scripted service. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dispatchClients } from '../../lambdas/aws/jobs/dispatch-clients.ts';
import { invokeFunction } from '../../lambdas/aws/jobs/invoke-tasks.ts';
import { sendToQueue } from '../../lambdas/aws/jobs/send-tasks.ts';
import type { QueueMessage } from '../../lambdas/domain/job/message.ts';
import { accepted } from '../../lambdas/domain/job/send-outcome.ts';
import { type Answer, scriptedApi } from '../support/scripted-api.ts';

const message = (MessageBody: string): QueueMessage => ({ MessageBody, MessageAttributes: {}, MessageGroupId: 'job' });
const trace = 'Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a:0';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', '1');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', '1');
});
afterEach(() => vi.unstubAllEnvs());

async function clients(...answers: Answer[]) {
  const api = await scriptedApi({ '*': answers });
  vi.stubEnv('AWS_ENDPOINT_URL', api.url);
  return { ...dispatchClients(20), asked: api.asked, queueUrl: `${api.url}/111111111111/group` };
}

const sqsError = (status: number, name: string): Answer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: `com.amazonaws.sqs#${name}`, message: 'said so' }),
});
const lambdaError = (status: number, name: string): Answer => ({
  status,
  headers: { 'x-amzn-errortype': name, 'content-type': 'application/json' },
  body: JSON.stringify({ Type: 'User', Message: 'said so' }),
});
const batch = (...entries: object[]): Answer => ({
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({
    Successful: entries.filter((entry) => !('Code' in entry)),
    Failed: entries.filter((entry) => 'Code' in entry),
  }),
});
const taken = (Id: string, body: string) => ({ Id, MessageId: Id, MD5OfMessageBody: md5[body] });
const md5: Record<string, string> = { '"a"': '6067924ae1b1832abce3d12fe83755a9', '"b"': '5010cec3765a37ce4f516b0154a26baf' };

describe('the clients that send tasks', () => {
  it('send no trace header, though the environment of the function has one', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'dispatcher');
    vi.stubEnv('_X_AMZN_TRACE_ID', trace);
    const { sqs, lambda, asked, queueUrl } = await clients({ body: '{}' });
    await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: [] }));
    await lambda.send(new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event' }));
    // As it would be without us, so that this test notices when the SDK does it otherwise.
    await new SQSClient().send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: [] }));
    await new LambdaClient().send(new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event' }));
    expect(asked.map(({ headers }) => headers['x-amzn-trace-id'])).toEqual([undefined, undefined, trace, trace]);
  });
});

describe('a batch for a queue', () => {
  const two = [message('"a"'), message('"b"')];

  it('is told entry by entry', async () => {
    const { sqs, asked, queueUrl } = await clients(
      batch(taken('0', '"a"'), { Id: '1', Code: 'InternalError', Message: 'oh', SenderFault: false }),
    );
    expect(await sendToQueue(sqs, queueUrl)(two)).toEqual({
      kind: 'answered',
      entries: [accepted, { kind: 'again', message: 'InternalError: oh' }],
    });
    expect(JSON.parse(asked[0]?.body ?? '')).toMatchObject({
      Entries: [
        { Id: '0', MessageBody: '"a"' },
        { Id: '1', MessageGroupId: 'job' },
      ],
    });
  });

  it.each([
    [
      { Id: '0', Code: 'InvalidMessageContents', Message: 'bad', SenderFault: true },
      { kind: 'refused', class: 'DATA', message: 'InvalidMessageContents: bad' },
    ],
    [
      { Id: '0', Code: 'KmsThrottled', Message: 'slow', SenderFault: true },
      { kind: 'again', message: 'KmsThrottled: slow' },
    ],
    [
      { Id: 'other', MessageId: 'x' },
      { kind: 'again', message: 'SQS did not say whether it took the message' },
    ],
  ])('%o', async (entry, outcome) => {
    const { sqs, queueUrl } = await clients(batch(entry));
    expect(await sendToQueue(sqs, queueUrl)([message('"a"')])).toEqual({ kind: 'answered', entries: [outcome] });
  });

  it.each([
    [400, 'RequestThrottled', 'failed'],
    [503, 'ServiceUnavailable', 'failed'],
    [400, 'ExpiredToken', 'failed'],
    [400, 'QueueDoesNotExist', 'impossible'],
    [403, 'AccessDenied', 'impossible'],
    [400, 'KmsAccessDenied', 'impossible'],
  ])('HTTP %i, %s: %s, after one try', async (status, name, kind) => {
    const { sqs, asked, queueUrl } = await clients(sqsError(status, name));
    expect(await sendToQueue(sqs, queueUrl)(two)).toMatchObject({ kind, message: expect.stringContaining('said so') });
    expect(asked).toHaveLength(1);
  });

  it('whose connection breaks may be taken later', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    expect(await sendToQueue(dispatchClients(20).sqs, 'http://127.0.0.1:9/111111111111/group')(two)).toMatchObject({ kind: 'failed' });
  });

  it('that is refused for one of its messages goes one by one', async () => {
    const { sqs, asked, queueUrl } = await clients(
      sqsError(400, 'InvalidMessageContents'),
      sqsError(400, 'InvalidMessageContents'),
      batch(taken('0', '"b"')),
    );
    expect(await sendToQueue(sqs, queueUrl)(two)).toEqual({
      kind: 'answered',
      entries: [{ kind: 'refused', class: 'DATA', message: expect.stringContaining('said so') }, accepted],
    });
    expect(asked).toHaveLength(3);
  });
});

describe('a task for a function', () => {
  it('is invoked as an event', async () => {
    const { lambda, asked } = await clients({ status: 202 });
    expect(await invokeFunction(lambda, 'worker:live')(['{"v":1}'])).toEqual({ kind: 'answered', entries: [accepted] });
    expect(asked[0]).toMatchObject({ path: '/2015-03-31/functions/worker%3Alive/invocations', body: '{"v":1}' });
    expect(asked[0]?.headers['x-amz-invocation-type']).toBe('Event');
  });

  it.each([
    [429, 'TooManyRequestsException', { kind: 'failed' }],
    [500, 'ServiceException', { kind: 'failed' }],
    [409, 'ResourceConflictException', { kind: 'failed' }],
    [404, 'ResourceNotFoundException', { kind: 'impossible' }],
    [403, 'AccessDeniedException', { kind: 'impossible' }],
    [413, 'RequestTooLargeException', { kind: 'answered', entries: [{ kind: 'refused', class: 'DATA' }] }],
  ])('HTTP %i, %s: %o', async (status, name, outcome) => {
    const { lambda, asked } = await clients(lambdaError(status, name));
    expect(await invokeFunction(lambda, 'worker')(['{}'])).toMatchObject(outcome);
    expect(asked).toHaveLength(1);
  });
});
