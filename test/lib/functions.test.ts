import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { outputNames } from '../../lambdas/contract/outputs.ts';
import { ownReservations, ownReservedConcurrency, StageSettings } from '../../lambdas/contract/settings.ts';
import { type Resource, synthesized, theOne } from './synthesized.ts';

const { template, resources } = synthesized();
const functions = Object.entries(resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function');

function settingsOf(of: Record<string, Resource>, start: string): StageSettings {
  const [, { Properties }] = theOne(of, 'AWS::Lambda::Function', start);
  const { Variables } = Properties['Environment'] as { Variables: Record<string, string> };
  return StageSettings.parse(JSON.parse(Variables['SLUICE_SETTINGS'] ?? ''));
}

describe('our functions', () => {
  it('are those that reserve concurrency, and nobody else’s code is deployed', () => {
    expect(functions).toHaveLength(Object.keys(ownReservations(StageSettings.parse({}))).length);
  });

  it('run on Node 24 on arm64 and log JSON to a group with retention', () => {
    for (const [, { Properties }] of functions) {
      expect(Properties).toMatchObject({
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
        LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO' },
      });
    }
    for (const { Properties } of Object.values(resources).filter(({ Type }) => Type === 'AWS::Logs::LogGroup')) {
      expect(Properties).toMatchObject({ RetentionInDays: 30 });
    }
  });

  it('get settings they can parse, and those that were given', () => {
    const { resources: stage } = synthesized({ stage: 'prod', sweepPeriodMinutes: 5 });
    const wanted = StageSettings.parse({ stage: 'prod', sweepPeriodMinutes: 5 });
    expect(settingsOf(stage, 'StreamListener')).toEqual(wanted);
    expect(settingsOf(stage, 'JobsApi')).toEqual(wanted);
  });

  it('reserve what the ledger of reservations takes them to reserve', () => {
    const reserved = functions.map(([, { Properties }]) => Number(Properties['ReservedConcurrentExecutions']));
    expect(reserved.reduce((sum, one) => sum + one, 0)).toBe(ownReservedConcurrency(StageSettings.parse({})));
  });

  it('reserve nothing where the account has nothing to reserve', () => {
    const stage = synthesized({ reserveOwnConcurrency: false });
    stage.template.allResourcesProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: Match.absent() });
  });
});

describe('the stream listener', () => {
  it('gives up a bad record to the failures queue instead of holding its shard', () => {
    const [failures] = theOne(resources, 'AWS::SQS::Queue', 'HintsFailures');
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 10,
      MaximumRecordAgeInSeconds: 3600,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': [failures, 'Arn'] } } },
    });
  });
});

describe('the pipeline reconciler', () => {
  const stage = synthesized({ reconcilers: { changes: 7, rollouts: 5, sweeps: 2 } });
  const [reconciler, { Properties }] = theOne(stage.resources, 'AWS::Lambda::Function', 'PipelineReconciler');

  it.each([
    ['HintsChanges', 7],
    ['HintsRollouts', 5],
    ['HintsSweeps', 2],
  ])('takes hints from %s, at most %d invocations at once', (queue, most) => {
    const [id] = theOne(stage.resources, 'AWS::SQS::Queue', queue);
    stage.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [id, 'Arn'] },
      FunctionName: { Ref: reconciler },
      BatchSize: 10,
      MaximumBatchingWindowInSeconds: Match.absent(),
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: most },
    });
  });

  it('reserves room for all three together, so that none is throttled', () => {
    expect(Properties).toMatchObject({ ReservedConcurrentExecutions: 14, Timeout: 60 });
  });

  it('may send hints that come back to it: its own limit of hops holds', () => {
    expect(Properties).toMatchObject({ RecursiveLoop: 'Allow' });
  });
});

it('every invocation of ours that fails for good ends in the failures queue', () => {
  template.resourcePropertiesCountIs(
    'AWS::Lambda::EventInvokeConfig',
    { DestinationConfig: Match.objectLike({ OnFailure: Match.anyValue() }) },
    6,
  );
  template.hasResourceProperties('AWS::SNS::Subscription', { Protocol: 'lambda', RedrivePolicy: Match.anyValue() });
});

describe('the permits of the stage', () => {
  const permits = { gpu: 2, Ref: 1, constructor: 0 };
  const stage = synthesized({ permits });

  it('are a resource of their own, as a list: a name may mean something to CloudFormation', () => {
    stage.template.hasResourceProperties('Custom::SluicePermits', {
      Permits: [
        { Name: 'gpu', Limit: 2 },
        { Name: 'Ref', Limit: 1 },
        { Name: 'constructor', Limit: 0 },
      ],
    });
  });

  it('are there without any, so that the last one is forgotten when it goes', () => {
    template.resourceCountIs('Custom::SluicePermits', 1);
  });

  it('change no function when they change, but the one that shows them', () => {
    const others = ({ resources: all }: typeof stage) =>
      Object.entries(all).filter(([id, { Type }]) => Type === 'AWS::Lambda::Function' && !id.startsWith('JobsApi'));
    expect(others(stage)).toEqual(others({ resources } as typeof stage));
    expect(settingsOf(stage.resources, 'JobsApi')).toMatchObject({ permits });
  });
});

it('the sweep runs at the period of the stage', () => {
  template.hasResourceProperties('AWS::Events::Rule', { ScheduleExpression: 'rate(15 minutes)' });
});

it('the outputs are exactly those of the contract', () => {
  expect(Object.keys(template.findOutputs('*')).sort()).toEqual([...outputNames].sort());
});
