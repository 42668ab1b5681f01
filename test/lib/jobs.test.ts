/** What the job service is made of: its table, queues, topic and secret, its functions and what has them called. */
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { DispatcherEnvironment, JobApiEnvironment, JobEnvironment, NotifierEnvironment } from '../../lambdas/contract/env.ts';
import { SettingSources } from '../../lambdas/contract/setting-facts.ts';
import { ownReservations, StageSettings } from '../../lambdas/contract/settings.ts';
import { type Resource, synthesized, theOne } from './synthesized.ts';

const lists = { functions: ['worker'], inputBuckets: ['incoming'], webhookHosts: ['hooks.example.com'], permits: { gpu: 2 } };
const stage = synthesized({ ...lists, preset: 'prod', jobRetentionDays: 7, defaultFunction: 'worker' });
const { template, resources } = stage;
const functionOf = (name: string) => theOne(resources, 'AWS::Lambda::Function', `Jobs${name}Function`);
const variablesOf = ({ Properties }: Resource) => (Properties['Environment'] as { Variables: Record<string, unknown> }).Variables;

describe('the jobs table', () => {
  const [, { Properties, DeletionPolicy }] = theOne(resources, 'AWS::DynamoDB::GlobalTable', 'JobsTable');

  it('has its keys, forgets what has expired and can be restored', () => {
    expect(Properties).toMatchObject({
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      Replicas: [expect.objectContaining({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })],
    });
  });

  it('goes with the stack, like all state', () => expect(DeletionPolicy).toBe('Delete'));

  it('lists jobs by time, target and status', () => {
    const index = (IndexName: string, key: string) => ({
      IndexName,
      KeySchema: [
        { AttributeName: key, KeyType: 'HASH' },
        { AttributeName: 'createdKey', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'ALL' },
    });
    expect(Properties['GlobalSecondaryIndexes']).toEqual([
      index('by-time', 'listKey'),
      index('by-target', 'target'),
      index('by-status', 'status'),
    ]);
  });
});

describe('the queues', () => {
  const [failures] = theOne(resources, 'AWS::SQS::Queue', 'HintsFailures');

  it.each([
    ['Reports', 'Progress', 10, 6],
    ['FunctionFailures', 'Progress', 10, 2],
    ['Dispatch', 'Dispatcher', 10, 4],
    ['Intake', 'Intake', 1, 2],
    ['Results', 'Results', 1, 2],
    ['Events', 'Notifier', 1, 2],
    ['Validation', 'Validator', 1, 2],
  ])(
    '%s hides a message for longer than its function runs, and is read by %s, %d messages at once, %d times at once',
    (queue, name, batch, most) => {
      const [id, { Properties }] = theOne(resources, 'AWS::SQS::Queue', `JobQueues${queue}`);
      const [functionId, reader] = functionOf(name);
      expect(Properties).toMatchObject({
        SqsManagedSseEnabled: true,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [failures, 'Arn'] }, maxReceiveCount: 1_000 },
        VisibilityTimeout: Number(reader.Properties['Timeout']) + 60,
      });
      template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
        EventSourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
        FunctionName: { Ref: functionId },
        BatchSize: batch,
        MaximumBatchingWindowInSeconds: Match.absent(),
        FunctionResponseTypes: ['ReportBatchItemFailures'],
        ScalingConfig: { MaximumConcurrency: most },
      });
    },
  );

  it('take nothing that does not come over TLS', () => {
    for (const queue of Object.keys(resources).filter((id) => resources[id]?.Type === 'AWS::SQS::Queue'))
      template.hasResourceProperties('AWS::SQS::QueuePolicy', {
        Queues: [{ Ref: queue }],
        PolicyDocument: {
          Statement: Match.arrayWith([Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })]),
        },
      });
  });

  it('are never read by more at once than their function has reserved', () => {
    const mappings = Object.values(resources).filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping');
    for (const [id, { Properties }] of Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function')) {
      const scaling = mappings.filter((mapping) => (mapping.Properties['FunctionName'] as { Ref: string }).Ref === id);
      const most = scaling.map(
        (mapping) => (mapping.Properties['ScalingConfig'] as { MaximumConcurrency: number } | undefined)?.MaximumConcurrency ?? 0,
      );
      expect(
        most.reduce((sum, one) => sum + one, 0),
        id,
      ).toBeLessThanOrEqual(Number(Properties['ReservedConcurrentExecutions']));
    }
  });
});

it('the scheduler takes hints one batch at a time: they are all of one message group', () => {
  const [id] = theOne(resources, 'AWS::SQS::Queue', 'JobQueuesPlacing');
  template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
    EventSourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
    FunctionName: { Ref: functionOf('Scheduler')[0] },
    BatchSize: 10,
    FunctionResponseTypes: ['ReportBatchItemFailures'],
    ScalingConfig: Match.absent(),
  });
  expect(functionOf('Scheduler')[1].Properties).toMatchObject({ MemorySize: 512, ReservedConcurrentExecutions: 1 });
});

it('one that dies over its hints keeps the others waiting for 40 seconds at most, and one that works is never overtaken', () => {
  const [, { Properties }] = theOne(resources, 'AWS::SQS::Queue', 'JobQueuesPlacing');
  expect(Properties).toMatchObject({ FifoQueue: true, VisibilityTimeout: 40 });
  expect(Number(functionOf('Scheduler')[1].Properties['Timeout'])).toBeLessThanOrEqual(30);
});

describe.each([
  ['JobsAnnouncements', undefined],
  ['JobsOrderedAnnouncements', true],
])('the topic %s', (start, fifo) => {
  const [id, { Properties }] = theOne(resources, 'AWS::SNS::Topic', start);

  it('keeps the order of each job where it is FIFO', () => {
    expect(Properties['FifoTopic']).toBe(fifo);
    expect(Properties['ContentBasedDeduplication']).toBeUndefined();
  });

  it('is encrypted, and published to over TLS only', () => {
    expect(JSON.stringify(Properties['KmsMasterKeyId'])).toContain('alias/aws/sns');
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      Topics: [{ Ref: id }],
      PolicyDocument: {
        Statement: [Match.objectLike({ Effect: 'Deny', Action: 'sns:Publish', Condition: { Bool: { 'aws:SecureTransport': 'false' } } })],
      },
    });
  });
});

it('the secret of webhooks is made by AWS and is nowhere in the template', () => {
  const [, { Properties }] = theOne(resources, 'AWS::SecretsManager::Secret', 'JobsWebhookSecret');
  expect(Properties).toMatchObject({ GenerateSecretString: { PasswordLength: 64, ExcludePunctuation: true } });
  expect(Properties).not.toHaveProperty('SecretString');
});

it('files of jobs are kept as long as the stage says', () => {
  const [, { Properties }] = theOne(resources, 'AWS::S3::Bucket', 'DataBucket');
  const { Rules } = Properties['LifecycleConfiguration'] as { Rules: { Prefix?: string; ExpirationInDays?: number }[] };
  for (const Prefix of ['uploads/', 'jobs/', 'results/']) expect(Rules).toContainEqual({ Prefix, ExpirationInDays: 7, Status: 'Enabled' });
});

describe('the functions', () => {
  it.each([
    ['Api', 29, 'jobApi'],
    ['Wait', 29, 'jobWait'],
    ['Intake', 900, 'jobIntake'],
    ['Dispatcher', 60, 'jobDispatcher'],
    ['Progress', 30, 'jobProgress'],
    ['Results', 900, 'jobResults'],
    ['Notifier', 60, 'jobNotifier'],
    ['Sweeper', 120, 'jobSweeper'],
    ['Scheduler', 30, 'poolScheduler'],
    ['Validator', 120, 'jobValidator'],
  ] as const)('%s may take %d s and has its share of the account', (name, Timeout, own) => {
    const ReservedConcurrentExecutions = ownReservations(StageSettings.parse({}))[own];
    expect(functionOf(name)[1].Properties).toMatchObject({ Timeout, ReservedConcurrentExecutions });
  });

  it.each([
    ['Api', JobApiEnvironment],
    ['Wait', JobEnvironment],
    ['Intake', JobEnvironment],
    ['Dispatcher', DispatcherEnvironment],
    ['Progress', JobEnvironment],
    ['Results', JobEnvironment],
    ['Notifier', NotifierEnvironment],
    ['Sweeper', JobEnvironment],
    ['Scheduler', DispatcherEnvironment],
    ['Validator', JobEnvironment],
  ])('%s has every variable it parses, and no other', (name, schema) => {
    const expected = [...Object.keys(schema.shape).filter((key) => key !== 'AWS_REGION'), 'NODE_OPTIONS'];
    expect(Object.keys(variablesOf(functionOf(name)[1])).toSorted()).toEqual(expected.toSorted());
  });

  it.each([
    ['Api', ['functions', 'inputBuckets', 'permits', 'webhookHosts']],
    ['Notifier', ['webhookHosts']],
    ['Dispatcher', []],
    ['Progress', []],
  ])('%s gets of the long lists only %j', (name, expected) => {
    const told = Object.keys(JSON.parse(String(variablesOf(functionOf(name)[1])['SLUICE_SETTINGS'])));
    expect(told.filter((key) => key in lists).toSorted()).toEqual(expected);
  });

  it('the API knows where each setting came from', () => {
    const sources = SettingSources.parse(JSON.parse(String(variablesOf(functionOf('Api')[1])['SLUICE_SETTING_SOURCES'])));
    expect(sources).toMatchObject({ preset: 'context', maxParallelJobsPerGroup: 'preset', jobRetentionDays: 'context' });
    expect(sources).not.toHaveProperty('maxParallelJobs');
  });

  it('the dispatcher alone, and the reconciler, may send what comes back to them', () => {
    const loops = Object.entries(resources).filter(([, { Properties }]) => Properties?.['RecursiveLoop'] === 'Allow');
    expect(loops.map(([id]) => id.replace(/Function[0-9A-F]+$/, '')).toSorted()).toEqual(['JobsDispatcher', 'PipelineReconciler']);
  });

  it.each(['Dispatcher', 'Scheduler'])('%s has whoever works go to the API, or where the stage says', (name) => {
    expect(variablesOf(functionOf(name)[1])['SLUICE_API_URL']).toEqual({
      'Fn::GetAtt': [theOne(resources, 'AWS::ApiGatewayV2::Api', 'JobsHttp')[0], 'ApiEndpoint'],
    });
    const other = synthesized({ apiBaseUrl: 'https://jobs.example.com/v1/' }).resources;
    const [, sender] = theOne(other, 'AWS::Lambda::Function', `Jobs${name}`);
    expect(variablesOf(sender)['SLUICE_API_URL']).toBe('https://jobs.example.com/v1');
  });

  it('the sweep runs every minute', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      ScheduleExpression: 'rate(1 minute)',
      Targets: [Match.objectLike({ Arn: { 'Fn::GetAtt': [functionOf('Sweeper')[0], 'Arn'] } })],
    });
  });
});

it('every setting may be given', () => {
  const { reconcilers: _, permits: __, ...rest } = StageSettings.parse({ stage: 'production12', prefix: 'a-very-long-prefix-x' });
  const told = {
    ...rest,
    apiBaseUrl: 'https://jobs.example.com/v1',
    functions: ['a', 'b', 'c'],
    webhookHosts: ['*.example.com'],
    jobRetentionDays: 90,
  };
  expect(() => synthesized(told)).not.toThrow();
});

it('an environment that Lambda would not take is refused before the deploy, with what to shorten', () => {
  const functions = Array.from({ length: 60 }, (_, n) => `arn:aws:lambda:eu-central-1:123456789012:function:worker-number-${n}`);
  expect(() => synthesized({ functions })).toThrow(
    /environment of sluice-dev\/Jobs\/Api\/Function may take \d+ bytes.*SLUICE_SETTINGS.*functions/,
  );
});
