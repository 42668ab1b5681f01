/** Once a minute: jobs whose time has come, and whatever a lost hint left behind. */
import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Construct } from 'constructs';
import { jobsPrefix, uploadsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { OwnFunction } from '../own-function.ts';
import { perJob, readJobs } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';

export class JobSweeper extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts) {
    super(scope, id);
    const { settings, queues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-sweeper',
      reservation: 'jobSweeper',
      description: 'Finds jobs that are due, overdue or forgotten',
      timeoutSeconds: 120,
      settings,
      environment: jobEnvironment(parts),
    });
    this.allowRepairs(parts);
    // No retries: the next run is one.
    this.function.configureAsyncInvoke({ retryAttempts: 0, onFailure: new SqsDestination(queues.failures) });
    new Rule(this, 'Period', {
      description: 'Starts the sweep of jobs',
      schedule: Schedule.rate(Duration.minutes(1)),
      targets: [new LambdaFunction(this.function)],
    });
  }

  private allowRepairs({ table, state, data, jobQueues }: JobParts): void {
    this.function.allow('FindJobs', [...readJobs, 'dynamodb:UpdateItem'], [table.tableArn]);
    this.function.allow('KnowTargets', ['dynamodb:GetItem'], [state.pipelines.tableArn]);
    // Files of unfinished jobs are copied onto themselves before they expire.
    const files = [uploadsPrefix, jobsPrefix].map((prefix) => data.bucket.arnForObjects(`${prefix}*`));
    this.function.allow('RenewFiles', ['s3:GetObject', 's3:PutObject'], files, perJob);
    // Without it S3 answers "access denied" for a key that is not there.
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn]);
    const { dispatch, intake, events, placing, validation } = jobQueues;
    this.function.allow(
      'SendHints',
      ['sqs:SendMessage'],
      [dispatch, intake, events, placing, validation].map(({ queueArn }) => queueArn),
    );
  }
}
