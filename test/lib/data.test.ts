import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { placingMetrics } from '../../lambdas/domain/placement/placing-metrics.ts';
import { book, pool } from '../domain/placement/builders.ts';
import { synthesized, theOne } from './synthesized.ts';

const { template, resources } = synthesized();

describe('the tables', () => {
  it('the config table feeds keys to its stream and removes expired items', () => {
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      KeySchema: [{ AttributeName: 'taskGroup', KeyType: 'HASH' }],
      StreamSpecification: { StreamViewType: 'KEYS_ONLY' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    });
  });

  it.each([true, false])('deletionProtection=%s protects the config table', (deletionProtection) => {
    const stage = synthesized({ deletionProtection });
    const [, { Properties }] = theOne(stage.resources, 'AWS::DynamoDB::GlobalTable', 'Config');
    expect(Properties).toMatchObject({ Replicas: [{ DeletionProtectionEnabled: deletionProtection }] });
  });

  it('can all be restored to a point in time, and cost nothing idle', () => {
    template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
      BillingMode: 'PAY_PER_REQUEST',
      Replicas: [Match.objectLike({ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } })],
    });
  });

  it.each([
    ['StatePipelines', ['taskGroup']],
    ['StateReleases', ['codeKey', 'id']],
    ['StateControl', ['pk', 'sk']],
    ['StateTasks', ['pk', 'sk']],
  ])('%s has the key %j', (id, key) => {
    const [, { Properties }] = theOne(resources, 'AWS::DynamoDB::GlobalTable', id);
    expect((Properties['KeySchema'] as { AttributeName: string }[]).map(({ AttributeName }) => AttributeName)).toEqual(key);
  });
});

it('the tasks table forgets what has expired', () => {
  const [, { Properties }] = theOne(resources, 'AWS::DynamoDB::GlobalTable', 'StateTasks');
  expect(Properties['TimeToLiveSpecification']).toEqual({ AttributeName: 'expiresAt', Enabled: true });
});

describe('the data bucket', () => {
  const [id, bucket] = theOne(resources, 'AWS::S3::Bucket', 'DataBucket');

  it('is encrypted and private, and lets step results go after 15 days, files of jobs with their jobs, saved dead letters never', () => {
    expect(bucket.Properties).toEqual({
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: {
        Rules: [
          { AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' },
          { ExpirationInDays: 15, Prefix: 'steps/', Status: 'Enabled' },
          ...['uploads/', 'jobs/', 'results/'].map((Prefix) => ({ ExpirationInDays: 30, Prefix, Status: 'Enabled' })),
        ],
      },
    });
  });

  it('answers over TLS only', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      Bucket: { Ref: id },
      PolicyDocument: {
        Statement: [
          { Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
        ].map((statement) => Match.objectLike(statement)),
      },
    });
  });
});

describe('the code bucket', () => {
  const [, bucket] = theOne(resources, 'AWS::S3::Bucket', 'CodeBucket');

  it('keeps every version, encrypted and private', () => {
    expect(bucket.Properties).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      LifecycleConfiguration: { Rules: [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 }, Status: 'Enabled' }] },
    });
    expect(JSON.stringify(bucket.Properties['LifecycleConfiguration'])).not.toMatch(/Expiration/);
  });

  it('tells the topic of uploads by its own property, once the topic lets it', () => {
    const [topic] = theOne(resources, 'AWS::SNS::Topic', 'Code');
    const [policy] = theOne(resources, 'AWS::SNS::TopicPolicy', 'Code');
    expect(bucket.Properties['NotificationConfiguration']).toEqual({
      TopicConfigurations: [{ Event: 's3:ObjectCreated:*', Topic: { Ref: topic } }],
    });
    expect(bucket.DependsOn).toContain(policy);
    template.resourceCountIs('Custom::S3BucketNotifications', 0);
  });
});

describe('the queues', () => {
  it('are encrypted and keep what waits as long as SQS does', () => {
    template.allResourcesProperties('AWS::SQS::Queue', { SqsManagedSseEnabled: true, MessageRetentionPeriod: 1_209_600 });
  });

  it('the scheduler’s is FIFO, as is where it gives up to, and takes two hints of the same words for two', () => {
    const [failures, given] = theOne(resources, 'AWS::SQS::Queue', 'HintsFifoFailures');
    const [, { Properties }] = theOne(resources, 'AWS::SQS::Queue', 'JobQueuesPlacing');
    expect(given.Properties).toMatchObject({ FifoQueue: true });
    expect(Properties).toMatchObject({
      FifoQueue: true,
      ContentBasedDeduplication: false,
      VisibilityTimeout: 40,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [failures, 'Arn'] }, maxReceiveCount: 1_000 },
    });
  });

  it.each(['HintsChanges', 'HintsRollouts', 'HintsSweeps'])(
    '%s gives a hint back after a reconcile’s time, and up only after 1,000 receives',
    (id) => {
      const [failures] = theOne(resources, 'AWS::SQS::Queue', 'HintsFailures');
      const [, { Properties }] = theOne(resources, 'AWS::SQS::Queue', id);
      expect(Properties).toMatchObject({
        VisibilityTimeout: 90,
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [failures, 'Arn'] }, maxReceiveCount: 1_000 },
      });
    },
  );
});

describe('the alarms', () => {
  it.each([
    ['FailuresWait', 'ApproximateNumberOfMessagesVisible', 0],
    ['ChangesWait', 'IteratorAge', 300_000],
    ['ReconcilerFails', 'Errors', 0],
    ['ReportsWait', 'ApproximateAgeOfOldestMessage', 300],
    ['ProgressFails', 'Errors', 0],
    ['DispatcherFails', 'Errors', 0],
    ['FifoFailuresWait', 'ApproximateNumberOfMessagesVisible', 0],
    ['PlacingWaits', 'ApproximateAgeOfOldestMessage', 300],
    ['SchedulerFails', 'Errors', 0],
    ['LimitPassed', 'LimitViolations', 0],
    ['LeasesExpire', 'ExpiredLeases', 0],
    ['JobsRetried', 'JobRetryRate', 50],
  ])('%s looks at %s above %d, and an idle stage is fine', (id, MetricName, Threshold) => {
    const [, { Properties }] = theOne(resources, 'AWS::CloudWatch::Alarm', `Alarms${id}`);
    expect(Properties).toMatchObject({ MetricName, Threshold, TreatMissingData: 'notBreaching', EvaluationPeriods: 1 });
  });

  it('look at what the scheduler itself tells of its stage, under the names it tells it by', () => {
    const told = placingMetrics(book({ pools: [pool('west')] }), { recent: [], expiredLeases: 0, violations: [], nowMs: 0 });
    const alarms = Object.values(resources).filter(
      ({ Type, Properties }) => Type === 'AWS::CloudWatch::Alarm' && Properties['Namespace'] === 'Sluice',
    );
    expect(alarms).toHaveLength(3);
    for (const { Properties } of alarms) {
      expect(told[0]?.metrics.map(({ name }) => name)).toContain(Properties['MetricName']);
      expect(Properties['Dimensions']).toEqual([{ Name: 'Stage', Value: 'sluice-dev' }]);
    }
  });

  it('tell the topic of the stage that something failed for good', () => {
    const alarmTopicArn = 'arn:aws:sns:eu-central-1:123456789012:alarms';
    synthesized({ alarmTopicArn }).template.hasResourceProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      AlarmActions: [alarmTopicArn],
    });
  });
});
