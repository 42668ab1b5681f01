/**
 * What library consumers and Sluice put aside: step results too large for the tasks table, files of jobs, and dead letters
 * saved before SQS forgets them. Not versioned: nothing in it is written twice with different content.
 */
import { Duration, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { jobsPrefix, resultsPrefix, stepsPrefix, uploadsPrefix } from '../../lambdas/contract/data-bucket.ts';
import type { StageSettings } from '../../lambdas/contract/settings.ts';
import { recordKeepSeconds } from '../../lambdas/contract/task-table.ts';
import { dataRemoval } from './data-removal.ts';

export class DataBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, settings: StageSettings) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      lifecycleRules: [
        { abortIncompleteMultipartUploadAfter: Duration.days(7) },
        // No task is older: SQS keeps no message for longer, and the records that name these results go as well.
        { prefix: stepsPrefix, expiration: Duration.days(recordKeepSeconds / 86_400) },
        // Those of jobs that have not ended are renewed in time by the job sweeper.
        ...[uploadsPrefix, jobsPrefix, resultsPrefix].map((prefix) => ({ prefix, expiration: Duration.days(settings.jobRetentionDays) })),
      ],
      removalPolicy: dataRemoval(settings),
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Server access logs would need one more bucket per stage; CloudTrail data events tell who reads, where wanted.',
    });
  }
}
