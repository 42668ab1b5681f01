/** What each function of the job service may call, and above all what not. */
import { describe, expect, it } from 'vitest';
import { arn, isAllowed, rolePolicy } from './statements.ts';
import { synthesized, theOne } from './synthesized.ts';

const validatorFunction = 'looks-at-jobs';
const functions = ['worker', 'worker:live', 'arn:aws:lambda:eu-west-1:210987654321:function:theirs'];
const { resources } = synthesized({ functions, defaultFunction: 'fallback', inputBuckets: ['incoming'], validatorFunction });

const idOf = (type: string, start: string) => theOne(resources, type, start)[0];
const table = (start: string) => arn('dynamodb', `table/${idOf('AWS::DynamoDB::GlobalTable', start)}`);
const queue = (start: string) => arn('sqs', idOf('AWS::SQS::Queue', start));
const data = (key: string) => `arn:aws:s3:::data/${key}`;
const pipelineQueue = arn('sqs', 'sluice-dev-tg-acme-abcdefghij');
const secret = arn('secretsmanager', 'secret:webhooks-AbCdEf');
const topic = arn('sns', idOf('AWS::SNS::Topic', 'JobsAnnouncements'));
const fifoTopic = arn('sns', idOf('AWS::SNS::Topic', 'JobsOrderedAnnouncements'));
const invoke = (name: string): Pair => ['lambda:InvokeFunction', arn('lambda', `function:${name}`)];
const send = (start: string): Pair => ['sqs:SendMessage', queue(start)];

type Pair = [action: string, resource: string, key?: string];
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
      ...['Dispatch', 'Intake', 'Results', 'Events', 'Placing', 'Validation'].map((name) => send(`JobQueues${name}`)),
      ['dynamodb:PutItem', table('Config'), '*limits'],
      ['dynamodb:PutItem', table('Config'), '*limits/acme'],
      ['dynamodb:DeleteItem', table('Config'), '*limits/acme'],
      ['dynamodb:Scan', table('Config')],
      ['dynamodb:ConditionCheckItem', jobs],
      ...['Query', 'PutItem', 'BatchWriteItem'].map((name): Pair => [`dynamodb:${name}`, table('StateTasks'), 'task#@placed#job1/1']),
      ['s3:PutObject', data('steps/@placed/a/b.json')],
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
      ...['acme', '*', 'limits', 'acme*limits', '*limitsacme', 'a/*limits/b'].flatMap((key): Pair[] => [
        ['dynamodb:PutItem', table('Config'), key],
        ['dynamodb:DeleteItem', table('Config'), key],
      ]),
      ['dynamodb:UpdateItem', table('Config'), '*limits'],
      ['dynamodb:PutItem', table('StatePipelines')],
      ['dynamodb:UpdateItem', table('StateTasks')],
      ['dynamodb:BatchWriteItem', table('StateTasks'), 'task#sluice-dev-tg-acme-abcdefghij#1'],
      ['dynamodb:Query', table('StateTasks'), 'permit#gpu'],
      ['dynamodb:DeleteItem', table('StateTasks'), 'task#@placed#job1/1'],
      ['s3:PutObject', data('steps/sluice-dev-tg-acme-abcdefghij/b.json')],
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
      send('JobQueuesPlacing'),
      ['lambda:InvokeFunction', 'arn:aws:lambda:eu-west-1:210987654321:function:theirs'],
      ['s3:GetObject', data('jobs/a/tasks.ndjson')],
      send('JobQueuesDispatch'),
      send('JobQueuesEvents'),
    ],
    mayNot: [
      invoke('payroll'),
      invoke(validatorFunction),
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
      ...all,
      send('JobQueuesPlacing'),
      ...consumed('JobQueuesReports'),
      ...consumed('JobQueuesFunctionFailures'),
      send('JobQueuesDispatch'),
      send('JobQueuesEvents'),
    ],
    mayNot: [['sqs:SendMessage', pipelineQueue], invoke('worker'), ['dynamodb:PutItem', table('StateTasks')]],
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
      ['sns:Publish', fifoTopic],
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
      ...['Dispatch', 'Intake', 'Events', 'Placing', 'Validation'].map((name) => send(`JobQueues${name}`)),
    ],
    mayNot: [
      ['dynamodb:DeleteItem', jobs],
      ['sqs:SendMessage', pipelineQueue],
      ['s3:PutObject', data('steps/a')],
      ['s3:DeleteObject', data('jobs/a')],
    ],
  },
  Scheduler: {
    may: [
      ...all,
      ...consumed('JobQueuesPlacing'),
      ['dynamodb:GetItem', table('Config')],
      ['dynamodb:Scan', table('Config')],
      ['dynamodb:GetItem', table('StatePipelines')],
      ['sqs:SendMessage', pipelineQueue],
      ['sqs:SendMessage', `${pipelineQueue}.fifo`],
      ['s3:GetObject', data('jobs/a/tasks.ndjson')],
      send('JobQueuesDispatch'),
      send('JobQueuesEvents'),
    ],
    mayNot: [
      ['sqs:SendMessage', arn('sqs', 'payroll')],
      ['sqs:ReceiveMessage', pipelineQueue],
      send('JobQueuesPlacing'),
      invoke('worker'),
      ['dynamodb:PutItem', table('Config'), '*limits'],
      ['dynamodb:UpdateItem', table('StatePipelines')],
      ['dynamodb:PutItem', table('StateTasks')],
      ['s3:PutObject', data('jobs/a/tasks.ndjson')],
      ['s3:GetObject', data('results/a')],
    ],
  },
  Validator: {
    may: [
      ...all.filter(([action]) => action !== 'dynamodb:Query'),
      ...consumed('JobQueuesValidation'),
      ['s3:GetObject', data('jobs/a/tasks.ndjson')],
      ['s3:GetObject', data('uploads/a')],
      ['s3:GetObject', 'arn:aws:s3:::incoming/a'],
      ['s3:GetObjectVersion', 'arn:aws:s3:::incoming/a'],
      ['s3:ListBucket', 'arn:aws:s3:::incoming'],
      invoke(validatorFunction),
      ...['Dispatch', 'Events', 'Placing'].map((name) => send(`JobQueues${name}`)),
    ],
    mayNot: [
      ['dynamodb:Query', jobs],
      invoke('worker'),
      ['s3:GetObject', 'arn:aws:s3:::outgoing/a'],
      ['s3:PutObject', 'arn:aws:s3:::incoming/a'],
      ['s3:GetObject', data('steps/a')],
      ['sqs:SendMessage', pipelineQueue],
      send('JobQueuesValidation'),
    ],
  },
};

const verdicts = (name: string, pairs: Pair[]) => {
  const policy = rolePolicy(resources, `Jobs${name}`);
  return Promise.all(
    pairs.map(async ([action, resource, key]) => {
      const context = key === undefined ? {} : { context: { 'dynamodb:LeadingKeys': [key] } };
      return { action, resource, key, allowed: await isAllowed(policy, { action, resource, ...context }) };
    }),
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
  for (const sid of ['InvokeFunctions', 'AskValidator', 'SeeInputs', 'ReadInputs']) expect(text).not.toContain(`"${sid}"`);
});
