/** Stack outputs by name: what a user, a tool and the tests need to talk to a stage. */
export const outputNames = [
  'CodeBucketName',
  'CodeTopicArn',
  'ConfigTableName',
  'PipelinesTableName',
  'ReleasesTableName',
  'ControlTableName',
  'TasksTableName',
  'DataBucketName',
  'FailuresQueueUrl',
  'CodeUpdaterFunctionName',
  'PipelineSweeperFunctionName',
  'DeadLetterKeeperFunctionName',
  'PipelineReconcilerFunctionName',
  'StreamListenerFunctionName',
  'ConsumerRoleArn',
  'ConsumerLogGroupName',
  'Prefix',
  'SecretsPath',
] as const;
export type OutputName = (typeof outputNames)[number];
