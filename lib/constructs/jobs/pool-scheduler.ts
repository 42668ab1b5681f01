/** Places jobs that state needs on pools, one look at a time. It knows the whole of them, so memory is where it keeps it. */
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Construct } from 'constructs';
import { jobsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { OwnFunction } from '../own-function.ts';
import { pipelineArns } from '../pipeline-arns.ts';
import { atRunTime } from '../shared-grants.ts';
import { changeJobs, perJob } from './job-grants.ts';
import { apiAddress, type JobParts, jobEnvironment } from './job-parts.ts';
import { jobTimeouts } from './job-queues.ts';

export class PoolScheduler extends Construct {
  readonly function: OwnFunction;

  /** @param apiUrl where whoever works for a job finds the API, unless the stage says otherwise. */
  constructor(scope: Construct, id: string, parts: JobParts, apiUrl: string) {
    super(scope, id);
    const { settings, jobQueues } = parts;
    this.function = new OwnFunction(this, 'Function', {
      folder: 'pool-scheduler',
      reservation: 'poolScheduler',
      description: 'Places jobs on pools',
      timeoutSeconds: jobTimeouts.scheduler,
      memoryMiB: 512,
      settings,
      environment: { ...jobEnvironment(parts), ...apiAddress(settings, apiUrl) },
    });
    // No maximum, of which 2 is the least: messages of one group are handed out to one at a time anyway.
    this.function.addEventSource(new SqsEventSource(jobQueues.placing, { batchSize: 10, reportBatchItemFailures: true }));
    this.allowPlacing(parts);
  }

  private allowPlacing({ settings, table, config, state, data, jobQueues }: JobParts): void {
    this.function.allow('KeepJobs', changeJobs, [table.tableArn]);
    this.function.allow('KnowPoolsAndLimits', ['dynamodb:GetItem', 'dynamodb:Scan'], [config.tableArn]);
    this.function.allow('KnowPipelines', ['dynamodb:GetItem'], [state.pipelines.tableArn]);
    this.function.allow('SendTasks', ['sqs:SendMessage'], [pipelineArns(this, settings.prefix).queues], atRunTime);
    const { dispatch, events } = jobQueues;
    this.function.allow('SendHints', ['sqs:SendMessage'], [dispatch.queueArn, events.queueArn]);
    this.function.allow('ReadTaskFiles', ['s3:GetObject'], [data.bucket.arnForObjects(`${jobsPrefix}*`)], perJob);
    // Without it S3 answers "access denied" for a file that is gone, and its job could not be told so.
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn]);
  }
}
