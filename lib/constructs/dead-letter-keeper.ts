/** The periodic look through all dead-letter queues: reasons are added, old letters saved before SQS forgets them. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Construct } from 'constructs';
import { deadLettersPrefix } from '../../lambdas/contract/data-bucket.ts';
import { OwnFunction } from './own-function.ts';
import { pipelineArns } from './pipeline-arns.ts';
import { atRunTime } from './shared-grants.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

/** What a look takes: the queue's counts, its messages, one of them sent anew with its letter. */
const lookActions = ['sqs:GetQueueAttributes', 'sqs:ReceiveMessage', 'sqs:ChangeMessageVisibility', 'sqs:SendMessage', 'sqs:DeleteMessage'];

export class DeadLetterKeeper extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    const { settings, state, data, queues, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'dead-letter-keeper',
      reservation: 'deadLetterKeeper',
      description: 'Adds the reason to letters that SQS moved itself, and saves old ones',
      timeoutSeconds: 900,
      // Handles of hidden letters: 100,000 of each of four queues at worst.
      memoryMiB: 1_024,
      settings,
      environment: sharedEnvironment(parts),
    });
    this.function.allow('FindQueues', ['dynamodb:Scan'], [state.pipelines.tableArn]);
    this.function.allow('LookThrough', lookActions, [pipelineArns(this, settings.prefix).deadLetterQueues], atRunTime);
    this.function.allow('RememberLooks', ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:PutItem'], [state.tasks.tableArn]);
    this.function.allow('SaveLetters', ['s3:PutObject'], [data.bucket.arnForObjects(`${deadLettersPrefix}*`)], {
      because: 'One object for each saved letter, named after its task.',
    });
    // Of a task that SQS set aside itself its job hears from nobody else.
    this.function.allow('TellJobs', ['sqs:SendMessage'], [jobQueues.reports.queueArn]);
    // No retries: the next run is one.
    this.function.configureAsyncInvoke({ retryAttempts: 0, onFailure: new SqsDestination(queues.failures) });
    new Rule(this, 'Period', {
      description: 'Starts the look through dead-letter queues',
      schedule: Schedule.rate(Duration.minutes(settings.deadLetterPeriodMinutes)),
      targets: [new LambdaFunction(this.function)],
    });
  }
}
