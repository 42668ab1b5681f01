/** What the functions of a stage share, and the environment that tells them of it. */
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { z } from 'zod';
import type { OwnEnvironment } from '../../lambdas/contract/env.ts';
import type { StageSettings } from '../../lambdas/contract/settings.ts';
import { settingsText } from '../settings-text.ts';
import type { CodeBucket } from './code-bucket.ts';
import type { ConsumerRole } from './consumer-role.ts';
import type { DataBucket } from './data-bucket.ts';
import type { HintQueues } from './hint-queues.ts';
import type { JobQueues } from './jobs/job-queues.ts';
import type { StateTables } from './state-tables.ts';

export interface StageParts {
  settings: StageSettings;
  code: CodeBucket;
  config: TableV2;
  state: StateTables;
  data: DataBucket;
  queues: HintQueues;
  jobQueues: JobQueues;
  consumers: ConsumerRole;
}

/** Lambda sets the region itself. */
type SharedEnvironment = Record<Exclude<keyof z.input<typeof OwnEnvironment>, 'AWS_REGION'>, string>;

/** Settings that may be long, for a function's whole environment has 4 KB: only those get one that need it. */
export type LongSetting = 'permits' | 'functions' | 'inputBuckets' | 'webhookHosts' | 'bodySchema';

export function sharedEnvironment(parts: StageParts, needed: readonly LongSetting[] = []): SharedEnvironment {
  const { settings, code, config, state, data, queues, jobQueues, consumers } = parts;
  return {
    SLUICE_SETTINGS: settingsText(
      settings,
      longSettings.filter((name) => !needed.includes(name)),
    ),
    SLUICE_CONFIG_TABLE: config.tableName,
    SLUICE_PIPELINES_TABLE: state.pipelines.tableName,
    SLUICE_RELEASES_TABLE: state.releases.tableName,
    SLUICE_CONTROL_TABLE: state.control.tableName,
    SLUICE_TASKS_TABLE: state.tasks.tableName,
    SLUICE_DATA_BUCKET: data.bucket.bucketName,
    SLUICE_CHANGES_QUEUE_URL: queues.changes.queueUrl,
    SLUICE_ROLLOUTS_QUEUE_URL: queues.rollouts.queueUrl,
    SLUICE_SWEEPS_QUEUE_URL: queues.sweeps.queueUrl,
    SLUICE_PLACING_QUEUE_URL: jobQueues.placing.queueUrl,
    SLUICE_REPORTS_QUEUE_URL: jobQueues.reports.queueUrl,
    SLUICE_CODE_BUCKET: code.bucket.bucketName,
    SLUICE_CONSUMER_ROLE_ARN: consumers.role.roleArn,
    SLUICE_CONSUMER_LOG_GROUP: consumers.logGroup.logGroupName,
  };
}

const longSettings: readonly LongSetting[] = ['permits', 'functions', 'inputBuckets', 'webhookHosts', 'bodySchema'];
