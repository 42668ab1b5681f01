/** A stage of Sluice on one screen: what there is and what is handed to whom. How each part is made is in `constructs/`. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { secretPaths } from '../lambdas/contract/names.ts';
import type { SettingSources } from '../lambdas/contract/setting-facts.ts';
import type { StageSettings } from '../lambdas/contract/settings.ts';
import { Alarms } from './constructs/alarms.ts';
import { CodeBucket } from './constructs/code-bucket.ts';
import { CodeUpdater } from './constructs/code-updater.ts';
import { ConfigTable } from './constructs/config-table.ts';
import { ConsumerRole } from './constructs/consumer-role.ts';
import { DataBucket } from './constructs/data-bucket.ts';
import { DeadLetterKeeper } from './constructs/dead-letter-keeper.ts';
import { HintQueues } from './constructs/hint-queues.ts';
import { JobQueues } from './constructs/jobs/job-queues.ts';
import { JobService } from './constructs/jobs/job-service.ts';
import { writeOutputs } from './constructs/outputs.ts';
import { PermitLimits } from './constructs/permit-limits.ts';
import { PipelineReconciler } from './constructs/pipeline-reconciler.ts';
import { PipelineSweeper } from './constructs/pipeline-sweeper.ts';
import { StackCleaner } from './constructs/stack-cleaner.ts';
import { StateTables } from './constructs/state-tables.ts';
import { StreamListener } from './constructs/stream-listener.ts';

export interface SluiceStackProps extends StackProps {
  settings: StageSettings;
  /** Where they came from, for whoever asks the API. */
  sources: SettingSources;
}

export class SluiceStack extends Stack {
  constructor(scope: Construct, id: string, { settings, sources, ...props }: SluiceStackProps) {
    super(scope, id, { description: `Sluice, stage ${settings.stage}`, ...props });

    const config = new ConfigTable(this, 'Config', settings);
    const state = new StateTables(this, 'State');
    const queues = new HintQueues(this, 'Hints');
    const jobQueues = new JobQueues(this, 'JobQueues', queues);
    const code = new CodeBucket(this, 'Code', settings);
    const data = new DataBucket(this, 'Data', settings);
    const consumers = new ConsumerRole(this, 'Consumers', { settings, state, data, queues, jobQueues });
    const parts = { settings, config, state, queues, jobQueues, code, data, consumers };

    const listener = new StreamListener(this, 'StreamListener', parts);
    const reconciler = new PipelineReconciler(this, 'PipelineReconciler', parts);
    const updater = new CodeUpdater(this, 'CodeUpdater', parts);
    const sweeper = new PipelineSweeper(this, 'PipelineSweeper', parts);
    const keeper = new DeadLetterKeeper(this, 'DeadLetterKeeper', parts);
    const permits = new PermitLimits(this, 'PermitLimits', parts);
    const jobs = new JobService(this, 'Jobs', parts, sources);
    // While pipelines drain, what becomes of jobs' tasks is still counted.
    const needed = [config, state, queues, jobQueues, code, data, consumers, listener, reconciler, updater, sweeper, keeper, permits, jobs];
    new StackCleaner(this, 'StackCleaner', parts, needed);
    new Alarms(this, 'Alarms', settings, { queues, listener, reconciler, jobQueues, jobs });

    writeOutputs(this, {
      Prefix: settings.prefix,
      SecretsPath: secretPaths(settings.prefix).ssm,
      CodeBucketName: code.bucket.bucketName,
      CodeTopicArn: code.topic.topicArn,
      ConfigTableName: config.tableName,
      PipelinesTableName: state.pipelines.tableName,
      ReleasesTableName: state.releases.tableName,
      ControlTableName: state.control.tableName,
      TasksTableName: state.tasks.tableName,
      DataBucketName: data.bucket.bucketName,
      ApiUrl: jobs.http.api.apiEndpoint,
      JobsTableName: jobs.table.tableName,
      JobsTopicArn: jobs.topic.topic.topicArn,
      JobsFifoTopicArn: jobs.fifoTopic.topic.topicArn,
      ReportsQueueUrl: jobQueues.reports.queueUrl,
      FunctionFailuresQueueArn: jobQueues.functionFailures.queueArn,
      WebhookSecretArn: jobs.webhookSecret.arn,
      FailuresQueueUrl: queues.failures.queueUrl,
      FifoFailuresQueueUrl: queues.fifoFailures.queueUrl,
      ConsumerRoleArn: consumers.role.roleArn,
      ConsumerLogGroupName: consumers.logGroup.logGroupName,
      StreamListenerFunctionName: listener.function.functionName,
      PipelineReconcilerFunctionName: reconciler.function.functionName,
      CodeUpdaterFunctionName: updater.function.functionName,
      PipelineSweeperFunctionName: sweeper.function.functionName,
      DeadLetterKeeperFunctionName: keeper.function.functionName,
    });
  }
}
