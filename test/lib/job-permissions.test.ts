/** What each function of the job service may call, and above all what not. */
import { describe, expect, it } from 'vitest';
import { arn, isAllowed, rolePolicy } from './statements.ts';
import { synthesized, theOne } from './synthesized.ts';

const functions = ['worker', 'worker:live', 'arn:aws:lambda:eu-west-1:210987654321:function:theirs'];
const { resources } = synthesized({ functions, defaultFunction: 'fallback', inputBuckets: ['incoming'] });

const idOf = (type: string, start: string) => theOne(resources, type, start)[0];
const table = (start: string) => arn('dynamodb', `table/${idOf('AWS::DynamoDB::GlobalTable', start)}`);
const queue = (start: string) => arn('sqs', idOf('AWS::SQS::Queue', start));
const data = (key: string) => `arn:aws:s3:::data/${key}`;
const pipelineQueue = arn('sqs', 'sluice-dev-tg-acme-abcdefghij');
const secret = arn('secretsmanager', 'secret:webhooks-AbCdEf');
const topic = arn('sns', idOf('AWS::SNS::Topic', 'JobsAnnouncements'));
const invoke = (name: string): Pair => ['lambda:InvokeFunction', arn('lambda', `function:${name}`)];
const send = (start: string): Pair => ['sqs:SendMessage', queue(start)];

type Pair = [action: string, resource: string];
const jobs = table('JobsTable');
const counting = ['GetItem', 'Query', 'BatchGetItem', 'PutItem', 'UpdateItem'].map((name): Pair => [`dynamodb:${name}`, jobs]);
const all: Pair[] = [...counting, ['dynamodb:DeleteItem', jobs]];
const leases = ['GetItem', 'UpdateItem', 'DeleteItem'].map((name): Pair => [`dynamodb:${name}`, table('StateControl')]);
const consumed = (start: string) =>
  ['ReceiveMessage', 'DeleteMessage', 'ChangeMessageVisibility'].map((name): Pair => [`sqs:${name}`, queue(start)]);

const rules: Record<string, { may: Pair[]; mayNot: Pair[] }> = {
  Api: {
    may: [
      ...all,
      ...['by-time', 'by-target', 'by-status'].map((name): Pair => ['dynamodb:Query', `${jobs}/index/${name}`]),
      ['dynamodb:PutItem', table('StateTasks')],
      ['dynamodb:GetItem', table('StateTasks')],
      ['dynamodb:GetItem', table('StateControl')],
      ['dynamodb:GetItem', table('Config')],
      ['dynamodb:Scan', table('StatePipelines')],
      ...['JobQueuesDispatch', 'JobQueuesIntake', 'JobQueuesResults', 'JobQueuesEvents'].map(send),
      ['sqs:GetQueueAttributes', pipelineQueue],
      ['sqs:GetQueueAttributes', `${pipelineQueue}-dlq`],
      ['s3:PutObject', data('uploads/a')],
      ['s3:GetObject', data('uploads/a')],
      ['s3:PutObject', data('jobs/a/tasks.ndjson')],
      ['s3:PutObject', data('results/a/1.json')],
      ['s3:GetObject', data('results/a/all-0.ndjson')],
      ['s3:GetObject', 'arn:aws:s3:::incoming/a'],
      ['s3:GetObjectVersion', 'arn:aws:s3:::incoming/a'],
      ['s3:ListBucket', 'arn:aws:s3:::incoming'],
      invoke(idOf('AWS::Lambda::Function', 'JobsWait')),
    ],
    mayNot: [
      invoke('worker'),
      invoke(idOf('AWS::Lambda::Function', 'CodeUpdater')),
      ['sqs:SendMessage', pipelineQueue],
      send('HintsChanges'),
      ['dynamodb:PutItem', table('Config')],
      ['dynamodb:PutItem', table('StatePipelines')],
      ['dynamodb:UpdateItem', table('StateTasks')],
      ['dynamodb:PutItem', table('StateControl')],
      ['s3:GetObject', data('steps/a')],
      ['s3:PutObject', data('dead-letters/a')],
      ['s3:DeleteObject', data('uploads/a')],
      ['s3:PutObject', 'arn:aws:s3:::incoming/a'],
      ['s3:GetObject', 'arn:aws:s3:::outgoing/a'],
      ['secretsmanager:GetSecretValue', secret],
    ],
  },
  Wait: {
    may: [
      ['dynamodb:GetItem', jobs],
      ['dynamodb:Query', jobs],
    ],
    mayNot: [['dynamodb:UpdateItem', jobs], ['dynamodb:PutItem', jobs], send('JobQueuesDispatch'), ['s3:GetObject', data('results/a')]],
  },
  Intake: {
    may: [
      ...all,
      ...leases,
      ...consumed('JobQueuesIntake'),
      ['s3:GetObject', data('uploads/a')],
      ['s3:GetObject', 'arn:aws:s3:::incoming/a'],
      ['s3:GetObjectVersion', 'arn:aws:s3:::incoming/a'],
      ['s3:PutObject', data('jobs/a/tasks.ndjson')],
      ['s3:AbortMultipartUpload', data('jobs/a/tasks.ndjson')],
      send('JobQueuesDispatch'),
      send('JobQueuesEvents'),
    ],
    mayNot: [
      ['sqs:SendMessage', pipelineQueue],
      invoke('worker'),
      ['s3:PutObject', data('uploads/a')],
      ['s3:GetObject', 'arn:aws:s3:::outgoing/a'],
    ],
  },
  Dispatcher: {
    may: [
      ...all,
      ['dynamodb:BatchWriteItem', jobs],
      ...leases,
      ...consumed('JobQueuesDispatch'),
      ['dynamodb:GetItem', table('Config')],
      ['dynamodb:GetItem', table('StatePipelines')],
      ['sqs:SendMessage', pipelineQueue],
      ['sqs:SendMessage', `${pipelineQueue}.fifo`],
      ...['worker', 'worker:live', 'fallback'].map(invoke),
      ['lambda:InvokeFunction', 'arn:aws:lambda:eu-west-1:210987654321:function:theirs'],
      ['s3:GetObject', data('jobs/a/tasks.ndjson')],
      send('JobQueuesDispatch'),
      send('JobQueuesEvents'),
    ],
    mayNot: [
      invoke('payroll'),
      invoke('worker:test'),
      invoke(idOf('AWS::Lambda::Function', 'CodeUpdater')),
      ['sqs:SendMessage', arn('sqs', 'payroll')],
      ['sqs:ReceiveMessage', pipelineQueue],
      ['dynamodb:PutItem', table('Config')],
      ['dynamodb:UpdateItem', table('StatePipelines')],
      ['s3:PutObject', data('jobs/a/tasks.ndjson')],
      ['s3:GetObject', data('steps/a')],
    ],
  },
  Progress: {
    may: [
      ...counting,
      ...consumed('JobQueuesReports'),
      ...consumed('JobQueuesFunctionFailures'),
      send('JobQueuesDispatch'),
      send('JobQueuesEvents'),
    ],
    mayNot: [
      ['dynamodb:DeleteItem', jobs],
      ['sqs:SendMessage', pipelineQueue],
      invoke('worker'),
      ['dynamodb:PutItem', table('StateTasks')],
    ],
  },
  Results: {
    may: [
      ['dynamodb:Query', jobs],
      ['dynamodb:UpdateItem', jobs],
      ...consumed('JobQueuesResults'),
      ['s3:GetObject', data('jobs/a/tasks.ndjson')],
      ['s3:GetObject', data('results/a/1.json')],
      ['s3:PutObject', data('results/a/all-0.ndjson')],
      ['s3:AbortMultipartUpload', data('results/a/all-0.ndjson')],
    ],
    mayNot: [
      ...leases,
      ['dynamodb:PutItem', jobs],
      ['s3:PutObject', data('jobs/a/tasks.ndjson')],
      ['s3:GetObject', data('steps/a')],
      send('JobQueuesDispatch'),
    ],
  },
  Notifier: {
    may: [
      ['dynamodb:Query', jobs],
      ['dynamodb:UpdateItem', jobs],
      ['dynamodb:DeleteItem', jobs],
      ...consumed('JobQueuesEvents'),
      ['sns:Publish', topic],
      ['secretsmanager:GetSecretValue', secret],
    ],
    mayNot: [
      ['dynamodb:PutItem', jobs],
      ['sns:Publish', arn('sns', idOf('AWS::SNS::Topic', 'CodeTopic'))],
      ['secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:sluice-dev/acme-AbCdEf')],
      ['secretsmanager:PutSecretValue', secret],
      ['s3:GetObject', data('results/a')],
    ],
  },
  Sweeper: {
    may: [
      ['dynamodb:Query', jobs],
      ['dynamodb:UpdateItem', jobs],
      ['dynamodb:GetItem', table('StatePipelines')],
      ['s3:GetObject', data('jobs/a/tasks.ndjson')],
      ['s3:PutObject', data('jobs/a/tasks.ndjson')],
      ['s3:PutObject', data('uploads/a')],
      ...['JobQueuesDispatch', 'JobQueuesIntake', 'JobQueuesEvents'].map(send),
    ],
    mayNot: [
      ['dynamodb:DeleteItem', jobs],
      ['sqs:SendMessage', pipelineQueue],
      ['s3:PutObject', data('steps/a')],
      ['s3:DeleteObject', data('jobs/a')],
    ],
  },
};

const verdicts = (name: string, pairs: Pair[]) => {
  const policy = rolePolicy(resources, `Jobs${name}`);
  return Promise.all(
    pairs.map(async ([action, resource]) => ({ action, resource, allowed: await isAllowed(policy, { action, resource }) })),
  );
};

describe.each(Object.entries(rules))('%s', (name, { may, mayNot }) => {
  it('may what it does', async () => {
    expect((await verdicts(name, may)).filter(({ allowed }) => !allowed)).toEqual([]);
  });

  it('may nothing else of what others do', async () => {
    expect((await verdicts(name, mayNot)).filter(({ allowed }) => allowed)).toEqual([]);
  });
});

it('a consumer reports and keeps large results, and reads neither', async () => {
  const consumer = rolePolicy(resources, 'Consumers');
  const calls: [string, string, boolean][] = [
    ['sqs:SendMessage', queue('JobQueuesReports'), true],
    ['s3:PutObject', data('results/a/1.json'), true],
    ['sqs:ReceiveMessage', queue('JobQueuesReports'), false],
    ['sqs:SendMessage', queue('JobQueuesDispatch'), false],
    ['sqs:SendMessage', queue('JobQueuesFunctionFailures'), false],
    ['s3:GetObject', data('results/a/1.json'), false],
    ['s3:PutObject', data('jobs/a/tasks.ndjson'), false],
    ['dynamodb:GetItem', jobs, false],
  ];
  for (const [action, resource, allowed] of calls)
    expect(await isAllowed(consumer, { action, resource }), `${action} ${resource}`).toBe(allowed);
});

it('a stage that lists no function and no bucket has no right to any', () => {
  const text = JSON.stringify(Object.values(synthesized().resources).filter(({ Type }) => Type === 'AWS::IAM::Policy'));
  for (const sid of ['InvokeFunctions', 'SeeInputs', 'ReadInputs']) expect(text).not.toContain(`"${sid}"`);
});
