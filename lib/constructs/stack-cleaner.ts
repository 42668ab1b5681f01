/**
 * `cdk destroy` → no pipeline left behind. A custom resource that is made last and therefore deleted first: while every
 * other part still stands and can remove the pipelines. It answers CloudFormation when none is left.
 */
import { CustomResource, Duration } from 'aws-cdk-lib';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct, type IDependable } from 'constructs';
import { OwnFunction } from './own-function.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

/** CloudFormation waits an hour for a custom resource at most. */
const longestCleanup = Duration.hours(1);

export class StackCleaner extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts, neededToRemovePipelines: IDependable[]) {
    super(scope, id);
    const { queues } = parts;
    // The function looks again and again by the visibility of its own message, for as long as the drain takes.
    const cleanups = queues.hintQueue('Cleanups', 360);
    this.function = new OwnFunction(this, 'Function', {
      folder: 'stack-cleaner',
      reservation: 'stackCleaner',
      description: 'Removes every pipeline before the stack goes',
      timeoutSeconds: 300,
      settings: parts.settings,
      environment: { ...sharedEnvironment(parts), SLUICE_CLEANUPS_QUEUE_URL: cleanups.queueUrl },
    });
    this.function.allow('Watch', ['sqs:SendMessage'], [cleanups.queueArn]);
    this.function.addEventSource(new SqsEventSource(cleanups, { batchSize: 1, maxConcurrency: 2, reportBatchItemFailures: true }));
    // Unseen, a failure here would leave CloudFormation waiting for its hour.
    this.function.configureAsyncInvoke({ retryAttempts: 2, onFailure: new SqsDestination(queues.failures) });
    this.allowCleaning(parts);

    const pipelines = new CustomResource(this, 'Pipelines', {
      resourceType: 'Custom::SluicePipelines',
      serviceToken: this.function.functionArn,
      serviceTimeout: longestCleanup,
    });
    pipelines.node.addDependency(this.function, cleanups, ...neededToRemovePipelines);
  }

  private allowCleaning({ settings, config, state, queues, code, data }: StageParts): void {
    this.function.allow('FindGroups', ['dynamodb:Scan'], [config.tableArn, state.pipelines.tableArn]);
    this.function.allow('MarkTheStageAsGoing', ['dynamodb:PutItem', 'dynamodb:DeleteItem'], [state.control.tableArn]);
    this.function.allow('SendHints', ['sqs:SendMessage'], [queues.changes.queueArn]);
    if (settings.dataOnDestroy === 'delete') {
      this.function.allow('ListData', ['s3:ListBucketVersions'], [code.bucket.bucketArn, data.bucket.bucketArn]);
      const objects = [code, data].map(({ bucket }) => bucket.arnForObjects('*'));
      this.function.allow('DeleteData', ['s3:DeleteObject', 's3:DeleteObjectVersion'], objects, {
        because: 'Buckets that go with the stack must be empty first, whatever is in them.',
      });
    }
  }
}
