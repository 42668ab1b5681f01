/** Upload → release pointer. Called by the code topic, and by hand for rollback, stop and resume. */

import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { OwnFunction } from './own-function.ts';
import { anyKey, readCode } from './shared-grants.ts';
import { type StageParts, sharedEnvironment } from './stage-parts.ts';

export class CodeUpdater extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: StageParts) {
    super(scope, id);
    const { code, state, queues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'code-updater',
      reservation: 'codeUpdater',
      description: 'Moves the release pointer when code is uploaded, or by hand',
      timeoutSeconds: 60,
      settings: parts.settings,
      environment: sharedEnvironment(parts),
    });
    this.function.allow('ReadCode', readCode, [code.bucket.arnForObjects('*')], anyKey);
    // Without it S3 answers "access denied" for a key that is not there.
    this.function.allow('TellMissingCode', ['s3:ListBucket'], [code.bucket.bucketArn]);
    this.function.allow('KeepReleases', ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'], [state.releases.tableArn]);
    this.function.allow('SendHints', ['sqs:SendMessage'], [queues.rollouts.queueArn]);
    this.function.configureAsyncInvoke({ retryAttempts: 2, onFailure: new SqsDestination(queues.failures) });
    code.topic.addSubscription(new LambdaSubscription(this.function, { deadLetterQueue: queues.failures }));
  }
}
