/** Writes results files: every task of a job, or those that failed. */
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { jobsPrefix, resultsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { ownReservations } from '../../../lambdas/contract/settings.ts';
import { OwnFunction } from '../own-function.ts';
import { perJob, readJobs, uploadInParts } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';
import { jobTimeouts } from './job-queues.ts';

export class JobResults extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts) {
    super(scope, id);
    const { settings, table, data, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-results',
      reservation: 'jobResults',
      description: 'Writes the results of jobs',
      timeoutSeconds: jobTimeouts.results,
      memoryMiB: 1_024,
      settings,
      environment: jobEnvironment(parts),
    });
    const maxConcurrency = ownReservations(settings).jobResults;
    this.function.addEventSource(new SqsEventSource(jobQueues.results, { batchSize: 1, maxConcurrency, reportBatchItemFailures: true }));
    const files = (prefix: string) => data.bucket.arnForObjects(`${prefix}*`);
    this.function.allow('KnowJobs', [...readJobs, 'dynamodb:UpdateItem'], [table.tableArn]);
    this.function.allow('ReadTasksAndResults', ['s3:GetObject'], [files(jobsPrefix), files(resultsPrefix)], perJob);
    this.function.allow('WriteResults', uploadInParts, [files(resultsPrefix)], perJob);
    // Without it S3 answers "access denied" for a key that is not there.
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn]);
  }
}
