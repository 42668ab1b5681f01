/** The periodic full pass: a hint for every pipeline and config item, so that whatever was missed is found. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Construct } from 'constructs';
import { OwnFunction } from './own-function.ts';
import { pipelineArns } from './pipeline-arns.ts';
import { anyKey, atRunTime, noResource } from './shared-grants.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

export class PipelineSweeper extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    const { settings, code, config, state, queues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'pipeline-sweeper',
      reservation: 'pipelineSweeper',
      description: 'Has every pipeline looked at once per period',
      timeoutSeconds: 300,
      settings,
      environment: sharedEnvironment(parts),
    });
    this.function.allow('FindGroups', ['dynamodb:Scan'], [config.tableArn, state.pipelines.tableArn]);
    this.function.allow('KeepReleases', ['dynamodb:Scan', 'dynamodb:GetItem', 'dynamodb:PutItem'], [state.releases.tableArn]);
    this.function.allow('SendHints', ['sqs:SendMessage'], [queues.rollouts.queueArn, queues.sweeps.queueArn]);
    this.function.allow('SeeWhetherTheLastSweepIsDone', ['sqs:GetQueueAttributes'], [queues.sweeps.queueArn]);
    // Queues that nobody's row knows are found by name and told ours by tag.
    this.function.allow('FindQueues', ['sqs:ListQueues'], ['*'], noResource);
    this.function.allow('TellOurQueues', ['sqs:ListQueueTags'], [pipelineArns(this, settings.prefix).queues], atRunTime);
    this.function.allow('ReadCode', ['s3:GetObject'], [code.bucket.arnForObjects('*')], anyKey);
    this.function.allow('TellMissingCode', ['s3:ListBucket'], [code.bucket.bucketArn]);
    // No retries: the next sweep is one.
    this.function.configureAsyncInvoke({ retryAttempts: 0, onFailure: new SqsDestination(queues.failures) });
    new Rule(this, 'Period', {
      description: 'Starts the sweep',
      schedule: Schedule.rate(Duration.minutes(settings.sweepPeriodMinutes)),
      targets: [new LambdaFunction(this.function)],
    });
  }
}
