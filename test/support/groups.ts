/** What a test does with task groups, all of it through AWS's own APIs: write and remove items, wait for a phase, look at what exists. */
import { randomBytes } from 'node:crypto';
import {
  type EventSourceMappingConfiguration,
  GetFunctionCommand,
  type GetFunctionCommandOutput,
  InvokeCommand,
  ListEventSourceMappingsCommand,
} from '@aws-sdk/client-lambda';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
} from '@aws-sdk/client-sqs';
import { BatchWriteCommand, DeleteCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll } from 'vitest';
import type { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { type Phase, PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import { pointerId, Release, ReleasePointer, releaseId } from '../../lambdas/contract/release-row.ts';
import type { Sweep } from '../../lambdas/pipeline-sweeper/sweep.ts';
import { awsClients } from './aws-clients.ts';
import { batchedGet } from './batched-get.ts';
import { eventually } from './eventually.ts';
import { stage } from './shared-stage.ts';

export const aws = awsClients(stage);
const { outputs } = stage;
const pipelineRow = batchedGet(aws.documents, outputs.PipelinesTableName);
const releaseRow = batchedGet(aws.documents, outputs.ReleasesTableName);

/** A field may be wrong: whether it is good is what is tested. */
export type AnyItem = { [field in keyof ConfigItem]?: unknown } & { taskGroup: string; [unknown: string]: unknown };

const written = new Set<string>();

/** A name nobody else uses. */
export const newGroup = (name: string) => `${name} ${randomBytes(4).toString('hex')}`;

/** Writes an item; where it says nothing else, small and dropped on removal, so that a test file ends quickly. */
export async function writeItem(item: AnyItem): Promise<void> {
  written.add(item.taskGroup);
  await aws.documents.send(new PutCommand({ TableName: outputs.ConfigTableName, Item: { concurrency: 1, onDelete: 'discard', ...item } }));
}

export async function writeItems(items: AnyItem[]): Promise<void> {
  for (const { taskGroup } of items) written.add(taskGroup);
  for (let i = 0; i < items.length; i += 25) {
    const puts = items.slice(i, i + 25).map((item) => ({ PutRequest: { Item: { concurrency: 1, onDelete: 'discard', ...item } } }));
    await aws.documents.send(new BatchWriteCommand({ RequestItems: { [outputs.ConfigTableName]: puts } }));
  }
}

export async function removeItem(taskGroup: string): Promise<void> {
  await aws.documents.send(new DeleteCommand({ TableName: outputs.ConfigTableName, Key: { taskGroup } }));
}

export async function rowOf(taskGroup: string): Promise<PipelineRow | undefined> {
  const row = await pipelineRow({ taskGroup });
  return row && PipelineRow.parse(row);
}

type RowCheck = (row: PipelineRow) => unknown;

/** Waits until the group's status satisfies `check`; a failed expectation in it counts as not yet. */
export function untilRow(taskGroup: string, what: string, check: RowCheck, seconds?: number): Promise<PipelineRow> {
  return eventually(
    `${taskGroup}: ${what}`,
    async () => {
      const row = await rowOf(taskGroup);
      if (!row) throw new Error('no status row');
      if (check(row) === false) throw new Error(`${row.phase}: ${row.message} ${JSON.stringify(row)}`);
      return row;
    },
    seconds,
  );
}

export const untilPhase = (taskGroup: string, phase: Phase, seconds?: number) =>
  untilRow(taskGroup, `phase ${phase}`, (row) => row.phase === phase, seconds);

export interface Effective {
  function: { memorySize: number };
}

/** Waits until the group is `Active` with `field`s of its effective item as given. */
export function untilApplied(
  taskGroup: string,
  field: (effective: Effective) => unknown,
  value: unknown,
  seconds?: number,
): Promise<PipelineRow> {
  const equal = (row: PipelineRow) => JSON.stringify(field(row.effective as unknown as Effective)) === JSON.stringify(value);
  return untilRow(
    taskGroup,
    `applied ${JSON.stringify(value)}`,
    (row) => (row.phase === 'Active' || row.phase === 'Paused') && equal(row),
    seconds,
  );
}

export const untilGone = (taskGroup: string, seconds?: number) =>
  eventually(
    `${taskGroup}: gone`,
    async () => {
      const row = await rowOf(taskGroup);
      if (row) throw new Error(`${row.phase}: ${row.message}`);
      return true;
    },
    seconds,
  );

export interface SeenQueue {
  url: string;
  attributes: Record<string, string>;
  tags: Record<string, string>;
}

export interface Seen {
  function?: GetFunctionCommandOutput;
  queue?: SeenQueue;
  deadLetterQueue?: SeenQueue;
  mappings: EventSourceMappingConfiguration[];
}

/** Everything that exists for a group, as AWS tells it. */
export async function look(taskGroup: string, { fifo = false } = {}): Promise<Seen> {
  const names = namesOf(taskGroup, fifo);
  const [fn, queue, deadLetterQueue, mappings] = await Promise.all([
    unlessMissing(() => aws.lambda.send(new GetFunctionCommand({ FunctionName: names.function }))),
    lookAtQueue(names.queue),
    lookAtQueue(names.deadLetterQueue),
    aws.lambda.send(new ListEventSourceMappingsCommand({ FunctionName: names.function })).catch(() => ({ EventSourceMappings: [] })),
  ]);
  return {
    ...(fn ? { function: fn } : {}),
    ...(queue ? { queue } : {}),
    ...(deadLetterQueue ? { deadLetterQueue } : {}),
    mappings: mappings.EventSourceMappings ?? [],
  };
}

export const namesOf = (taskGroup: string, fifo = false) => pipelineNames(outputs.Prefix, taskGroup, fifo);

/** The group's pipeline, whole; fails where a part is missing. */
export async function lookAtWhole(taskGroup: string, options = {}): Promise<Required<Seen> & { mapping: EventSourceMappingConfiguration }> {
  const seen = await look(taskGroup, options);
  const [mapping] = seen.mappings;
  if (!seen.function || !seen.queue || !seen.deadLetterQueue || !mapping)
    throw new Error(`${taskGroup} is not whole: ${JSON.stringify(seen)}`);
  return { ...seen, function: seen.function, queue: seen.queue, deadLetterQueue: seen.deadLetterQueue, mapping };
}

export async function lookAtQueue(QueueName: string): Promise<SeenQueue | undefined> {
  return unlessMissing(async () => {
    const { QueueUrl } = await aws.sqs.send(new GetQueueUrlCommand({ QueueName }));
    const [{ Attributes = {} }, { Tags = {} }] = await Promise.all([
      aws.sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] })),
      aws.sqs.send(new ListQueueTagsCommand({ QueueUrl })),
    ]);
    return { url: QueueUrl as string, attributes: Attributes, tags: Tags };
  });
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof Error && /ResourceNotFound|QueueDoesNotExist|NonExistentQueue/.test(error.name)) return undefined;
    throw error;
  }
}

interface SendOptions<T> {
  fifo?: boolean;
  /** Attributes of type String of a task's message. */
  attributes?: (task: T) => Record<string, string>;
  /** Of a FIFO task; default one for all. */
  messageGroup?: (task: T) => string;
}

export async function sendTasks<T extends object>(taskGroup: string, tasks: T[], options: SendOptions<T> = {}): Promise<void> {
  const { fifo = false, attributes, messageGroup = () => 'one' } = options;
  const { QueueUrl } = await aws.sqs.send(new GetQueueUrlCommand({ QueueName: namesOf(taskGroup, fifo).queue }));
  for (let i = 0; i < tasks.length; i += 10) {
    const Entries = tasks.slice(i, i + 10).map((task, n) => ({
      Id: String(n),
      MessageBody: JSON.stringify({ group: taskGroup, ...task }),
      ...(attributes ? { MessageAttributes: textAttributes(attributes(task)) } : {}),
      ...(fifo ? { MessageGroupId: messageGroup(task), MessageDeduplicationId: `${Date.now()}-${i}-${n}` } : {}),
    }));
    const { Failed = [] } = await aws.sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    if (Failed[0]) throw new Error(`${Failed.length} tasks refused: ${Failed[0].Message ?? Failed[0].Code}`);
  }
}

const textAttributes = (texts: Record<string, string>) =>
  Object.fromEntries(Object.entries(texts).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]));

export async function purge(queueUrl: string): Promise<void> {
  await aws.sqs.send(new PurgeQueueCommand({ QueueUrl: queueUrl }));
}

/** Uploads code and returns its version. */
export async function upload(key: string, zip: Uint8Array): Promise<string> {
  const { VersionId } = await aws.s3.send(new PutObjectCommand({ Bucket: outputs.CodeBucketName, Key: key, Body: zip }));
  if (!VersionId) throw new Error('the code bucket keeps no versions');
  return VersionId;
}

/** Code under a key of its own, released and ready to be named by items. */
export async function newCode(zip: Uint8Array): Promise<{ key: string; version: string }> {
  const key = `${randomBytes(4).toString('hex')}/consumer.zip`;
  const version = await upload(key, zip);
  await untilRelease(key, version, 'RolledOut');
  return { key, version };
}

export async function pointerOf(codeKey: string): Promise<ReleasePointer | undefined> {
  const row = await releaseRow({ codeKey, id: pointerId });
  return row && ReleasePointer.parse(row);
}

export async function releaseOf(codeKey: string, version: string): Promise<Release | undefined> {
  const row = await releaseRow({ codeKey, id: releaseId(version) });
  return row && Release.parse(row);
}

export function untilRelease(codeKey: string, version: string, state: Release['state'], seconds?: number): Promise<Release> {
  return eventually(
    `${codeKey} ${version}: ${state}`,
    async () => {
      const release = await releaseOf(codeKey, version);
      if (release?.state !== state)
        throw new Error(release ? `${release.state}: ${release.message} ${JSON.stringify(release)}` : 'no release row');
      return release;
    },
    seconds,
  );
}

/** Invokes one of our functions and returns its answer; throws what it throws. */
export async function invoke(functionName: string, event: unknown = {}): Promise<unknown> {
  const answer = await aws.lambda.send(new InvokeCommand({ FunctionName: functionName, Payload: JSON.stringify(event) }));
  const text = Buffer.from(answer.Payload ?? []).toString();
  if (answer.FunctionError) throw new Error(text);
  return text === '' ? undefined : JSON.parse(text);
}

/** One that is made: as long as the one before is worked off, the sweeper makes none. */
export const sweep = () =>
  eventually('a sweep', async () => {
    const answer = (await invoke(outputs.PipelineSweeperFunctionName)) as Sweep;
    return answer.skipped === true ? undefined : answer;
  });
export const releaseCommand = (command: object) =>
  invoke(outputs.CodeUpdaterFunctionName, command) as Promise<{ version?: string; message: string }>;

/** Removes what this file wrote, and does not wait for it: the next file has groups of its own. To be called once at the top. */
export function removeGroupsAfterwards(): void {
  afterAll(async () => {
    const groups = [...written];
    written.clear();
    await Promise.all(groups.map(removeItem));
  });
}

/** Waits until no group of any file is left but those whose dead letters are kept. */
export function untilNoGroups(): Promise<true> {
  return eventually(
    'every group of the files before is gone',
    async () => {
      const { Items = [] } = await aws.documents.send(new ScanCommand({ TableName: outputs.PipelinesTableName, ConsistentRead: true }));
      const left = Items.map((item) => PipelineRow.parse(item)).filter((row) => row.keptDeadLetterQueues === undefined);
      if (left.length > 0) throw new Error(left.map((row) => `${row.taskGroup} ${row.phase}: ${row.message}`).join('; '));
      return true;
    },
    150,
  );
}
