/** The environment a consumer finds on Lambda: its own keys, and about as many variables as Lambda sets. Nothing of ours here. */
import { consumerEnvironment as keys } from '../../lambdas/contract/consumer-env.ts';

export const benchGroup = 'bench';

/** What the reconciler sets for `consumer: sluice`, without a rate. */
export const consumerVariables: Record<string, string> = {
  [keys.stage]: 'bench',
  [keys.taskGroup]: benchGroup,
  [keys.queueName]: 'sluice-bench-bench-0123456789',
  [keys.deadLetterQueueName]: 'sluice-bench-bench-0123456789-dead',
  [keys.tasksTable]: 'sluice-bench-tasks',
  [keys.dataBucket]: 'sluice-bench-data',
  [keys.hintsQueueUrl]: 'https://sqs.eu-central-1.amazonaws.com/123456789012/hints.fifo',
  [keys.reportsQueueUrl]: 'https://sqs.eu-central-1.amazonaws.com/123456789012/reports',
  [keys.maxReceiveCount]: '1000',
  [keys.retry]: JSON.stringify({ maxRetries: 3, baseSeconds: 2, capSeconds: 3_600 }),
  [keys.secrets]: '{}',
};

/** Reading `process.env` costs by its size, and libraries do it per task: a shell's environment would be unfair to them. */
export const lambdaEnvironment: Record<string, string> = {
  ...consumerVariables,
  AWS_LAMBDA_FUNCTION_NAME: 'sluice-bench-bench-0123456789',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/sluice-bench-bench-0123456789',
  AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/21/[$LATEST]0123456789abcdef0123456789abcdef',
  AWS_LAMBDA_RUNTIME_API: '127.0.0.1:9001',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_REGION: 'eu-central-1',
  AWS_DEFAULT_REGION: 'eu-central-1',
  AWS_ACCESS_KEY_ID: 'ASIAEXAMPLEEXAMPLE00',
  AWS_SECRET_ACCESS_KEY: 'example',
  AWS_SESSION_TOKEN: 'example',
  AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
  AWS_XRAY_DAEMON_ADDRESS: '169.254.79.129:2000',
  _AWS_XRAY_DAEMON_ADDRESS: '169.254.79.129',
  _AWS_XRAY_DAEMON_PORT: '2000',
  _HANDLER: 'index.handler',
  LAMBDA_TASK_ROOT: '/var/task',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  LANG: 'en_US.UTF-8',
  LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  NODE_PATH: '/opt/nodejs/node24/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules',
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  PWD: '/var/task',
  SHLVL: '0',
  TZ: ':UTC',
};
