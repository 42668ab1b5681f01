/** Looks at the inputs of jobs that state needs, and has the stage's own validator look, before any of them takes a place. */
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { jobsPrefix, resultsPrefix, uploadsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { ownReservations } from '../../../lambdas/contract/settings.ts';
import { OwnFunction } from '../own-function.ts';
import { functionArns } from './function-arns.ts';
import { inputBucketArns } from './input-buckets.ts';
import { anyInput, perJob, readVersions, stepPlaced } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';
import { hintsOfPlaced, jobTimeouts } from './job-queues.ts';

export class JobValidator extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts) {
    super(scope, id);
    const { settings, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-validator',
      reservation: 'jobValidator',
      description: 'Looks at inputs of jobs before they take a place',
      timeoutSeconds: jobTimeouts.validator,
      settings,
      environment: jobEnvironment(parts),
    });
    const maxConcurrency = ownReservations(settings).jobValidator;
    this.function.addEventSource(new SqsEventSource(jobQueues.validation, { batchSize: 1, maxConcurrency, reportBatchItemFailures: true }));
    this.allowLooking(parts);
  }

  private allowLooking({ settings, table, data, jobQueues }: JobParts): void {
    this.function.allow('KeepJobs', stepPlaced, [table.tableArn]);
    this.function.allow('SendHints', ['sqs:SendMessage'], hintsOfPlaced(jobQueues));
    const own = [uploadsPrefix, resultsPrefix, jobsPrefix].map((prefix) => data.bucket.arnForObjects(`${prefix}*`));
    this.function.allow('ReadFiles', ['s3:GetObject'], own, perJob);
    const inputs = inputBucketArns(this, settings);
    if (inputs.objects.length > 0) this.function.allow('SeeInputs', readVersions, inputs.objects, anyInput);
    // Without it S3 answers "access denied" for a key that is not there.
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn, ...inputs.buckets]);
    const { validatorFunction } = settings;
    if (validatorFunction !== undefined)
      this.function.allow('AskValidator', ['lambda:InvokeFunction'], functionArns(this, [validatorFunction]));
  }
}
