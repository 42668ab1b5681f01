/** Answers every route of the HTTP API. What it starts goes by hints: it sends no task and waits for none. */
import { Construct } from 'constructs';
import { jobsPrefix, resultsPrefix, stepsPrefix, uploadsPrefix } from '../../../lambdas/contract/data-bucket.ts';
import { customerLimitsKey, overallLimitsKey } from '../../../lambdas/contract/placement.ts';
import { namesBySource, type SettingSources } from '../../../lambdas/contract/setting-facts.ts';
import { placedPipeline, taskKey } from '../../../lambdas/contract/task-table.ts';
import { OwnFunction } from '../own-function.ts';
import { pipelineArns } from '../pipeline-arns.ts';
import { atRunTime } from '../shared-grants.ts';
import { inputBucketArns } from './input-buckets.ts';
import { anyInput, changeJobs, literally, onlyKeys, perJob, readVersions } from './job-grants.ts';
import { type JobParts, jobEnvironment } from './job-parts.ts';
import { hintsOfPlaced } from './job-queues.ts';
import type { JobWait } from './job-wait.ts';

export class JobApi extends Construct {
  readonly function: OwnFunction;

  constructor(scope: Construct, id: string, parts: JobParts, wait: JobWait, sources: SettingSources) {
    super(scope, id);
    this.function = new OwnFunction(this, 'Function', {
      folder: 'job-api',
      reservation: 'jobApi',
      description: 'Answers the HTTP API',
      // API Gateway waits no longer (HTTP API quotas).
      timeoutSeconds: 29,
      memoryMiB: 1_024,
      settings: parts.settings,
      environment: {
        // It shows every setting there is.
        ...jobEnvironment(parts, ['permits', 'functions', 'inputBuckets', 'webhookHosts', 'bodySchema']),
        SLUICE_SETTING_SOURCES: JSON.stringify(namesBySource(sources)),
        SLUICE_WAIT_FUNCTION_NAME: wait.function.functionName,
      },
    });
    this.function.allow('Wait', ['lambda:InvokeFunction'], [wait.function.functionArn]);
    this.allowJobs(parts);
    this.allowPools(parts);
    this.allowFiles(parts);
    this.allowStats(parts);
  }

  private allowJobs({ table, state, jobQueues }: JobParts): void {
    this.function.allow('KeepJobs', changeJobs, [table.tableArn]);
    this.function.allow('ListJobs', ['dynamodb:Query'], table.indexArns);
    // Consumers look there before each task.
    this.function.allow('TellCancelled', ['dynamodb:PutItem'], [state.tasks.tableArn]);
    const others = [jobQueues.intake, jobQueues.results, jobQueues.validation].map(({ queueArn }) => queueArn);
    this.function.allow('SendHints', ['sqs:SendMessage'], [...hintsOfPlaced(jobQueues), ...others]);
  }

  /** Limits are items of the users' table, and it may write no other there; steps of placed jobs are recorded where consumers look for them. */
  private allowPools({ table, config, state, data }: JobParts): void {
    this.function.allow('SetLimits', ['dynamodb:PutItem', 'dynamodb:DeleteItem'], [config.tableArn], {
      conditions: onlyKeys(literally(overallLimitsKey), `${literally(customerLimitsKey(''))}*`),
    });
    this.function.allow('SeeLimits', ['dynamodb:Scan'], [config.tableArn]);
    // A step is recorded as long as the lease holds.
    this.function.allow('SeeLeases', ['dynamodb:ConditionCheckItem'], [table.tableArn]);
    const steps = ['dynamodb:Query', 'dynamodb:PutItem', 'dynamodb:BatchWriteItem'];
    this.function.allow('KeepSteps', steps, [state.tasks.tableArn], { conditions: onlyKeys(`${taskKey(placedPipeline, '')}*`) });
    this.function.allow(
      'KeepLargeSteps',
      ['s3:PutObject', 's3:GetObject'],
      [data.bucket.arnForObjects(`${stepsPrefix}${placedPipeline}/*`)],
      perJob,
    );
  }

  private allowFiles({ settings, data }: JobParts): void {
    const objects = (...prefixes: string[]) => prefixes.map((prefix) => data.bucket.arnForObjects(`${prefix}*`));
    // Addresses it signs for others carry its own rights: to upload there, and to read results.
    this.function.allow('WriteFiles', ['s3:PutObject'], objects(uploadsPrefix, jobsPrefix, resultsPrefix), perJob);
    this.function.allow('ReadFiles', ['s3:GetObject'], objects(uploadsPrefix, resultsPrefix), perJob);
    // Without it S3 answers "access denied" for a key that is not there.
    const inputs = inputBucketArns(this, settings);
    this.function.allow('TellMissingFiles', ['s3:ListBucket'], [data.bucket.bucketArn, ...inputs.buckets]);
    if (inputs.objects.length > 0) this.function.allow('SeeInputs', readVersions, inputs.objects, anyInput);
  }

  private allowStats({ settings, config, state }: JobParts): void {
    const { queues } = pipelineArns(this, settings.prefix);
    this.function.allow('SeePipelines', ['dynamodb:GetItem', 'dynamodb:Scan'], [state.pipelines.tableArn]);
    this.function.allow('SeeItems', ['dynamodb:GetItem'], [config.tableArn]);
    this.function.allow('SeePermitsAndReservations', ['dynamodb:GetItem'], [state.tasks.tableArn, state.control.tableArn]);
    this.function.allow('CountTasks', ['sqs:GetQueueAttributes'], [queues], atRunTime);
  }
}
