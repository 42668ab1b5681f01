/** Config table → hints. The listener may read the stream and send to the changes queue and the scheduler's, nothing else. */
import { Duration } from 'aws-cdk-lib';
import { StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { OwnFunction } from './own-function.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

export class StreamListener extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    this.function = new OwnFunction(this, 'Function', {
      folder: 'stream-listener',
      reservation: 'streamListener',
      description: 'Turns changes of the config table into hints',
      timeoutSeconds: 10,
      settings: parts.settings,
      environment: sharedEnvironment(parts),
    });
    this.function.allow('SendHints', ['sqs:SendMessage'], [parts.queues.changes.queueArn, parts.jobQueues.placing.queueArn]);
    this.readStream(parts);
  }

  private readStream({ config, queues }: StageParts): void {
    const stream = config.tableStreamArn;
    if (stream === undefined) throw new Error('The config table has no stream');
    this.function.allow('ReadStream', ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'], [stream]);
    this.function.allow('ListStreams', ['dynamodb:ListStreams'], ['*'], {
      because: 'Lambda calls it for the mapping, and it takes no resource.',
    });
    this.function.addEventSourceMapping('Stream', {
      eventSourceArn: stream,
      startingPosition: StartingPosition.TRIM_HORIZON,
      batchSize: 100,
      // With the defaults one bad record would hold its shard for a day.
      bisectBatchOnError: true,
      retryAttempts: 10,
      maxRecordAge: Duration.hours(1),
      reportBatchItemFailures: true,
      onFailure: new SqsDlq(queues.failures),
    });
  }
}
