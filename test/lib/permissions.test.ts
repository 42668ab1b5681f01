import { describe, expect, it } from 'vitest';
import { arn, type Call, isAllowed, type Policy, rolePolicy, type Statement } from './statements.ts';
import { synthesized, theOne } from './synthesized.ts';

const { resources } = synthesized();
const reconciler = rolePolicy(resources, 'PipelineReconciler');
const consumer = rolePolicy(resources, 'Consumers');

const ours = 'function:sluice-dev-tg-acme-abcdefghij';
const theirs = 'function:payroll';
const passed = { 'iam:PassedToService': 'lambda.amazonaws.com' };
const of = (name: string) => ({ 'lambda:FunctionArn': arn('lambda', name) });
const mapping = arn('lambda', 'event-source-mapping:0b1c2d3e');

async function verdicts(policy: Policy, calls: [string, string, Call['context']?][]): Promise<[string, string, boolean][]> {
  return Promise.all(
    calls.map(
      async ([action, resource, context]): Promise<[string, string, boolean]> => [
        action,
        resource,
        await isAllowed(policy, { action, resource, ...(context ? { context } : {}) }),
      ],
    ),
  );
}

describe('every role of the stage', () => {
  const policies = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::IAM::Policy');
  const statements = policies.flatMap(([id, { Properties }]) =>
    (Properties['PolicyDocument'] as { Statement: Statement[] }).Statement.map((statement) => ({ id, statement })),
  );

  it('names each action in full', () => {
    const wild = statements.filter(({ statement }) => [statement.Action].flat().some((action) => action.includes('*')));
    expect(wild).toEqual([]);
  });

  it('has no policy of AWS’s, which grow by themselves', () => {
    const roles = Object.values(resources).filter(({ Type }) => Type === 'AWS::IAM::Role');
    expect(roles.filter(({ Properties }) => 'ManagedPolicyArns' in Properties)).toEqual([]);
  });

  it('fits into the 10,240 characters IAM has for a role', () => {
    for (const [, { Properties }] of policies) expect(JSON.stringify(Properties['PolicyDocument']).length).toBeLessThan(10_240);
  });
});

describe('the reconciler may', () => {
  const calls: [string, string, Call['context']?][] = [
    ['lambda:CreateFunction', arn('lambda', ours)],
    ['lambda:UpdateFunctionCode', arn('lambda', ours)],
    ['lambda:PutFunctionConcurrency', arn('lambda', ours)],
    ['lambda:DeleteFunction', arn('lambda', 'function:sluice-dev-proof-abcdefghij')],
    ['lambda:InvokeFunction', arn('lambda', 'function:sluice-dev-proof-abcdefghij')],
    ['lambda:CreateEventSourceMapping', '*', of(ours)],
    ['lambda:UpdateEventSourceMapping', mapping, of(ours)],
    ['lambda:DeleteEventSourceMapping', mapping, of(ours)],
    ['lambda:GetEventSourceMapping', mapping],
    ['lambda:ListEventSourceMappings', '*'],
    ['lambda:TagResource', mapping, { 'aws:RequestTag/sluice:prefix': 'sluice-dev' }],
    ['lambda:GetAccountSettings', '*'],
    ['iam:PassRole', 'arn:aws:iam::123456789012:role/sluice-dev/consumers', passed],
    ['iam:PassRole', 'arn:aws:iam::123456789012:role/sluice-dev/of-acme', passed],
    ['sqs:CreateQueue', arn('sqs', 'sluice-dev-tg-acme-abcdefghij')],
    ['sqs:DeleteQueue', arn('sqs', 'sluice-dev-tg-acme-abcdefghij-dlq.fifo')],
    ['sqs:TagQueue', arn('sqs', 'sluice-dev-tg-acme-abcdefghij')],
    ['s3:GetObjectVersion', 'arn:aws:s3:::code/consumer.zip'],
  ];
  it.each(calls)('%s on %s', async (action, resource, context) => {
    expect(await isAllowed(reconciler, { action, resource, ...(context ? { context } : {}) })).toBe(true);
  });
});

it('the reconciler may touch nothing that is not ours', async () => {
  const refused = await verdicts(reconciler, [
    ['lambda:UpdateFunctionCode', arn('lambda', theirs)],
    ['lambda:DeleteFunction', arn('lambda', 'function:sluice-prod-tg-acme-abcdefghij')],
    ['lambda:DeleteFunction', arn('lambda', 'function:sluice-dev-StreamListenerFunction-X')],
    ['lambda:CreateEventSourceMapping', '*', of(theirs)],
    ['lambda:DeleteEventSourceMapping', mapping, of(theirs)],
    ['lambda:TagResource', mapping, { 'aws:RequestTag/sluice:prefix': 'other' }],
    ['iam:PassRole', 'arn:aws:iam::123456789012:role/admin', passed],
    ['iam:PassRole', 'arn:aws:iam::123456789012:role/sluice-dev/consumers', { 'iam:PassedToService': 'ec2.amazonaws.com' }],
    ['sqs:DeleteQueue', arn('sqs', 'orders')],
    ['sqs:SendMessage', arn('sqs', 'sluice-dev-tg-acme-abcdefghij')],
    ['s3:PutObject', 'arn:aws:s3:::code/consumer.zip'],
  ]);
  expect(refused.filter(([, , allowed]) => allowed)).toEqual([]);
});

describe('a consumer', () => {
  it('takes tasks and sets them aside, but sends to no queue of tasks', async () => {
    expect(
      await verdicts(consumer, [
        ['sqs:ReceiveMessage', arn('sqs', 'sluice-dev-tg-acme-abcdefghij')],
        ['sqs:ChangeMessageVisibility', arn('sqs', 'sluice-dev-tg-acme-abcdefghij.fifo')],
        ['sqs:SendMessage', arn('sqs', 'sluice-dev-tg-acme-abcdefghij-dlq')],
        ['ssm:GetParameter', arn('ssm', 'parameter/sluice-dev/acme/key')],
        ['secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:sluice-dev/acme-AbCdEf')],
        ['sqs:SendMessage', arn('sqs', 'sluice-dev-tg-acme-abcdefghij')],
        ['ssm:GetParameter', arn('ssm', 'parameter/payroll/key')],
      ]),
    ).toEqual([true, true, true, true, true, false, false].map((allowed) => [expect.anything(), expect.anything(), allowed]));
  });

  it('remembers its tasks, and touches nothing else Sluice remembers', async () => {
    const idOf = (type: string, start: string) => theOne(resources, type, start)[0];
    const table = (start: string) => arn('dynamodb', `table/${idOf('AWS::DynamoDB::GlobalTable', start)}`);
    const actions = ['GetItem', 'Query', 'PutItem', 'UpdateItem', 'DeleteItem'].map((name) => `dynamodb:${name}`);
    const may = await verdicts(consumer, [
      ...actions.map((action): [string, string] => [action, table('StateTasks')]),
      ['s3:PutObject', 'arn:aws:s3:::data/steps/a/b'],
      ['s3:GetObject', 'arn:aws:s3:::data/steps/a/b'],
      ['sqs:SendMessage', arn('sqs', idOf('AWS::SQS::Queue', 'HintsChanges'))],
    ]);
    expect(may.filter(([, , allowed]) => !allowed)).toEqual([]);
    const mayNot = await verdicts(consumer, [
      ['dynamodb:Scan', table('StateTasks')],
      ...['Config', 'StatePipelines', 'StateReleases', 'StateControl'].flatMap((start) =>
        actions.map((action): [string, string] => [action, table(start)]),
      ),
      ['s3:PutObject', 'arn:aws:s3:::data/dead-letters/a'],
      ['s3:GetObject', 'arn:aws:s3:::data/dead-letters/a'],
      ['s3:DeleteObject', 'arn:aws:s3:::data/steps/a/b'],
      ['s3:PutObject', 'arn:aws:s3:::code/steps/a'],
      ['sqs:ReceiveMessage', arn('sqs', idOf('AWS::SQS::Queue', 'HintsChanges'))],
      ['sqs:SendMessage', arn('sqs', idOf('AWS::SQS::Queue', 'HintsRollouts'))],
    ]);
    expect(mayNot.filter(([, , allowed]) => allowed)).toEqual([]);
  });

  it('gets network interfaces from Lambda, and makes none itself', async () => {
    const call = { action: 'ec2:CreateNetworkInterface', resource: 'arn:aws:ec2:eu-central-1:123456789012:network-interface/*' };
    expect(await isAllowed(consumer, call)).toBe(true);
    expect(await isAllowed(consumer, { ...call, context: { 'lambda:SourceFunctionArn': arn('lambda', ours) } })).toBe(false);
  });
});

it.each(['code/consumer.zip', 'data/dead-letters/a'])(
  'the stack cleaner may delete %s only where the data goes with the stack',
  async (object) => {
    const call = { action: 's3:DeleteObjectVersion', resource: `arn:aws:s3:::${object}` };
    expect(await isAllowed(rolePolicy(resources, 'StackCleaner'), call)).toBe(false);
    expect(await isAllowed(rolePolicy(synthesized({ dataOnDestroy: 'delete' }).resources, 'StackCleaner'), call)).toBe(true);
  },
);

it('the permits are set in the tasks table and nowhere else', async () => {
  const table = (start: string) => arn('dynamodb', `table/${theOne(resources, 'AWS::DynamoDB::GlobalTable', start)[0]}`);
  const permits = rolePolicy(resources, 'PermitLimits');
  expect(await isAllowed(permits, { action: 'dynamodb:UpdateItem', resource: table('StateTasks') })).toBe(true);
  expect(await isAllowed(permits, { action: 'dynamodb:UpdateItem', resource: table('StateControl') })).toBe(false);
  expect(await isAllowed(permits, { action: 'dynamodb:DeleteItem', resource: table('StateTasks') })).toBe(false);
});

it('the dead-letter keeper touches dead-letter queues and what is about them, and nothing else', async () => {
  const keeper = rolePolicy(resources, 'DeadLetterKeeper');
  const table = (start: string) => arn('dynamodb', `table/${theOne(resources, 'AWS::DynamoDB::GlobalTable', start)[0]}`);
  const queues = ['sluice-dev-tg-acme-abcdefghij-dlq', 'sluice-dev-tg-acme-abcdefghij-dlq.fifo'].map((name) => arn('sqs', name));
  const actions = ['GetQueueAttributes', 'ReceiveMessage', 'ChangeMessageVisibility', 'SendMessage', 'DeleteMessage'];
  const may = await verdicts(keeper, [
    ...queues.flatMap((queue) => actions.map((action): [string, string] => [`sqs:${action}`, queue])),
    ['dynamodb:Scan', table('StatePipelines')],
    ['dynamodb:PutItem', table('StateTasks')],
    ['s3:PutObject', 'arn:aws:s3:::data/dead-letters/a'],
    ['sqs:SendMessage', arn('sqs', theOne(resources, 'AWS::SQS::Queue', 'JobQueuesReports')[0])],
  ]);
  expect(may.filter(([, , allowed]) => !allowed)).toEqual([]);
  const mayNot = await verdicts(keeper, [
    ['sqs:ReceiveMessage', arn('sqs', 'sluice-dev-tg-acme-abcdefghij')],
    ['sqs:DeleteMessage', arn('sqs', 'payroll-dlq')],
    ['dynamodb:PutItem', table('StatePipelines')],
    ['dynamodb:DeleteItem', table('StateTasks')],
    ['s3:PutObject', 'arn:aws:s3:::data/steps/a'],
    ['s3:DeleteObject', 'arn:aws:s3:::data/dead-letters/a'],
  ]);
  expect(mayNot.filter(([, , allowed]) => allowed)).toEqual([]);
});
