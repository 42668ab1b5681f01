/** What every part of a stage needs to know of it: its settings and where it lives. Made once at cold start. */
import type { OwnEnvironment } from './env.ts';
import type { StageSettings } from './settings.ts';

export interface Stage {
  settings: StageSettings;
  partition: string;
  region: string;
  accountId: string;
  codeBucket: string;
  consumerRoleArn: string;
  consumerLogGroup: string;
  /** Where library consumers remember (task-table.ts). */
  tasksTable: string;
  /** Where they put what the table has no room for (data-bucket.ts). */
  dataBucket: string;
  /** The changes queue: where a consumer asks for a look at its group. */
  hintsQueueUrl: string;
  /** Where it tells what became of a job's task (task-wire.ts). */
  reportsQueueUrl: string;
}

export function stageOf(environment: OwnEnvironment): Stage {
  const [, partition = 'aws', , , accountId = ''] = environment.SLUICE_CONSUMER_ROLE_ARN.split(':');
  return {
    settings: environment.SLUICE_SETTINGS,
    partition,
    region: environment.AWS_REGION,
    accountId,
    codeBucket: environment.SLUICE_CODE_BUCKET,
    consumerRoleArn: environment.SLUICE_CONSUMER_ROLE_ARN,
    consumerLogGroup: environment.SLUICE_CONSUMER_LOG_GROUP,
    tasksTable: environment.SLUICE_TASKS_TABLE,
    dataBucket: environment.SLUICE_DATA_BUCKET,
    hintsQueueUrl: environment.SLUICE_CHANGES_QUEUE_URL,
    reportsQueueUrl: environment.SLUICE_REPORTS_QUEUE_URL,
  };
}

export const queueArn = (stage: Stage, name: string) => `arn:${stage.partition}:sqs:${stage.region}:${stage.accountId}:${name}`;
