/** Reads a job's file, whatever its size, and makes of it the one the dispatcher sends from. */
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { jobsPrefix, uploadsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { ownReservations } from '../../../lambdas/contract/settings.ts';
import { OwnFunction } from '../own-function.ts';
import { inputBucketArns } from './input-buckets.ts';
import { anyInput, changeJobs, holdLeases, perJob, readVersions, uploadInParts } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';
import { jobTimeouts } from './job-queues.ts';

export class JobIntake extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts) {
    super(scope, id);
    const { settings, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-intake',
      reservation: 'jobIntake',
      description: 'Reads the files of jobs',
      timeoutSeconds: jobTimeouts.intake,
      memoryMiB: 1_024,
      settings,
      environment: jobEnvironment(parts),
    });
    const maxConcurrency = ownReservations(settings).jobIntake;
    this.function.addEventSource(new SqsEventSource(jobQueues.intake, { batchSize: 1, maxConcurrency, reportBatchItemFailures: true }));
    this.allowReading(parts);
  }

  private allowReading({ settings, table, state, data, jobQueues }: JobParts): void {
    const files = (prefix: string) => data.bucket.arnForObjects(`${prefix}*`);
    this.function.allow('KeepJobs', changeJobs, [table.tableArn]);
    this.function.allow('ReadAlone', holdLeases, [state.control.tableArn]);
    this.function.allow('ReadUploads', ['s3:GetObject'], [files(uploadsPrefix), files(jobsPrefix)], perJob);
    this.function.allow('WriteTaskFiles', uploadInParts, [files(jobsPrefix)], perJob);
    const inputs = inputBucketArns(this, settings);
    if (inputs.objects.length > 0) this.function.allow('ReadInputs', readVersions, inputs.objects, anyInput);
    // Without it S3 answers "access denied" for a key that is not there.
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn, ...inputs.buckets]);
    const { dispatch, events } = jobQueues;
    this.function.allow('SendHints', ['sqs:SendMessage'], [dispatch.queueArn, events.queueArn]);
  }
}
