/**
 * What one does with a stage, in the ways its users do: upload code, write and remove config items, look at the
 * pipelines, send tasks.
 */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { HelpfulError } from '../cli/helpful-error.ts';
import { queueLimits } from '../lambdas/contract/limits.ts';
import type { OutputName } from '../lambdas/contract/outputs.ts';
import { PipelineRow } from '../lambdas/contract/pipeline-row.ts';
import type { LocalClients } from './clients.ts';

export type Outputs = Record<string, string>;

export function output(outputs: Outputs, name: OutputName): string {
  const value = outputs[name];
  if (value === undefined) throw new HelpfulError(`The stack has no output ${name}; was it deployed from this checkout?`);
  return value;
}

export async function uploadCode(clients: LocalClients, outputs: Outputs, key: string, zip: Uint8Array): Promise<void> {
  await clients.s3.send(new PutObjectCommand({ Bucket: output(outputs, 'CodeBucketName'), Key: key, Body: zip }));
}

/** Takes any item: whether it is a good one is for Sluice to say, in the pipeline's status. */
export async function putItem(
  clients: LocalClients,
  outputs: Outputs,
  item: { taskGroup: string; [field: string]: unknown },
): Promise<void> {
  await clients.documents.send(new PutCommand({ TableName: output(outputs, 'ConfigTableName'), Item: item }));
}

export async function removeItem(clients: LocalClients, outputs: Outputs, taskGroup: string): Promise<void> {
  await clients.documents.send(new DeleteCommand({ TableName: output(outputs, 'ConfigTableName'), Key: { taskGroup } }));
}

export async function listPipelines(clients: LocalClients, outputs: Outputs): Promise<PipelineRow[]> {
  const TableName = output(outputs, 'PipelinesTableName');
  const { Items = [] } = await clients.documents.send(new ScanCommand({ TableName, ConsistentRead: true }));
  return Items.map((item) => PipelineRow.parse(item)).sort((a, b) => (a.taskGroup < b.taskGroup ? -1 : 1));
}

export async function sendTasks(clients: LocalClients, queueUrl: string, tasks: unknown[]): Promise<void> {
  for (let i = 0; i < tasks.length; i += queueLimits.batchEntries) {
    const Entries = tasks.slice(i, i + queueLimits.batchEntries).map((task, n) => ({ Id: String(n), MessageBody: JSON.stringify(task) }));
    const { Failed = [] } = await clients.sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
    if (Failed[0]) throw new Error(`${Failed.length} tasks were not accepted by ${queueUrl}: ${Failed[0].Message ?? Failed[0].Code}`);
  }
}
