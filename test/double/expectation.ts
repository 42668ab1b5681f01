/**
 * What must be there for a config item once everything has settled, said without the planner's help. Gives every
 * difference as a sentence; none means converged.
 */
import { pipelineNames } from '../../lambdas/contract/names.ts';
import type { FunctionRecord } from './aws/lambda-function.ts';
import type { Mapping } from './aws/lambda-mappings.ts';
import { redrivePolicyOf } from './aws/queue-attributes.ts';
import { zipBehaviour } from './aws/s3.ts';
import { type OwnStage, stageNames } from './own-stage.ts';

/** The part of a config item that the property tests vary. */
export interface TestItem {
  concurrency: number;
  reserve: boolean;
  memorySize: number;
  timeout: number;
  paused: boolean;
  fifo: boolean;
  batchSize: number;
  team: string;
  onDelete: 'drain' | 'discard';
}

export const configItem = (taskGroup: string, item: TestItem) => ({
  taskGroup,
  concurrency: item.concurrency,
  reserve: item.reserve,
  function: { memorySize: item.memorySize, timeout: item.timeout },
  queue: { fifo: item.fifo },
  batch: { size: item.batchSize },
  tags: { team: item.team },
  paused: item.paused,
  onDelete: item.onDelete,
});

export function differences(stage: OwnStage, taskGroup: string, item: TestItem | 'invalid' | undefined): string[] {
  const found = new Differences(taskGroup);
  if (item === 'invalid') found.expect('phase', stage.row(taskGroup)?.phase, 'Invalid');
  else if (item && hasNoGoodRelease(stage)) return [];
  else if (item && waitsRightly(stage, taskGroup, item)) return [];
  else if (item) compare(stage, taskGroup, item, found);
  else expectGone(stage, taskGroup, found);
  return found.said;
}

/**
 * Where no release could be proved before a bad one came, groups wait for code; and a release that came while there was
 * no valid pipeline to prove it with is promoted unproved. What pipelines then look like is not judged here.
 */
export function hasNoGoodRelease(stage: OwnStage): boolean {
  const version = stage.pointer()?.version;
  const zip = version === undefined ? undefined : stage.aws.s3.resolve(stageNames.bucket, 'consumer.zip', version);
  return zip === undefined || zipBehaviour(zip.body) !== 'ok';
}

/** Waiting is right where the account has less to reserve than the group needs more. */
function waitsRightly(stage: OwnStage, taskGroup: string, item: TestItem): boolean {
  if (stage.row(taskGroup)?.phase !== 'Waiting' || !item.reserve) return false;
  const { accountConcurrency, unreservedFloor } = stage.aws.settings.lambda;
  const room = accountConcurrency - unreservedFloor - stage.aws.lambda.reservedTotal();
  const held = stage.aws.lambda.find(pipelineNames(stage.settings.prefix, taskGroup, false).function)?.reserved ?? 0;
  return item.concurrency - held > room;
}

class Differences {
  readonly said: string[] = [];
  readonly #subject: string;
  constructor(subject: string) {
    this.#subject = subject;
  }
  expect(what: string, seen: unknown, wanted: unknown): void {
    if (seen !== wanted) this.said.push(`${this.#subject}: ${what} is ${String(seen)}, should be ${String(wanted)}`);
  }
}

function compare(stage: OwnStage, taskGroup: string, item: TestItem, found: Differences): void {
  const names = pipelineNames(stage.settings.prefix, taskGroup, item.fifo);
  const row = stage.row(taskGroup);
  found.expect(
    'phase',
    `${row?.phase}${row?.phase === 'Active' || row?.phase === 'Paused' ? '' : ` (${row?.message})`}`,
    item.paused ? 'Paused' : 'Active',
  );
  compareQueues(stage, names, item, found);
  const fn = stage.aws.lambda.find(names.function);
  found.expect('function', fn?.name, names.function);
  if (fn) compareFunction(stage, fn, item, found);
  const mappings = stage.aws.lambda.mappings.all().filter((mapping) => mapping.functionArn.endsWith(`:${names.function}`));
  found.expect('mappings', mappings.length, 1);
  if (mappings[0]) compareMapping(mappings[0], names.queue, item, found);
  const former = pipelineNames(stage.settings.prefix, taskGroup, !item.fifo);
  for (const name of [former.queue, former.deadLetterQueue])
    found.expect(`former queue ${name}`, stage.aws.sqs.find(name) !== undefined, false);
}

function compareQueues(stage: OwnStage, names: ReturnType<typeof pipelineNames>, item: TestItem, found: Differences): void {
  const queue = stage.aws.sqs.find(names.queue);
  const deadLetterQueue = stage.aws.sqs.find(names.deadLetterQueue);
  found.expect('queue', queue?.identity.name, names.queue);
  found.expect('dead-letter queue', deadLetterQueue?.identity.name, names.deadLetterQueue);
  if (!queue || !deadLetterQueue) return;
  found.expect('VisibilityTimeout', queue.attributes['VisibilityTimeout'], String(6 * item.timeout));
  found.expect('retention', queue.attributes['MessageRetentionPeriod'], '1209600');
  found.expect('maxReceiveCount', redrivePolicyOf(queue.attributes)?.maxReceiveCount, 10);
  found.expect('redrive target', redrivePolicyOf(queue.attributes)?.deadLetterTargetArn, deadLetterQueue.identity.arn);
  found.expect('policy denies sending', queue.attributes['Policy']?.includes('"sqs:SendMessage"'), false);
  found.expect('tag of the queue', queue.tags['team'], item.team);
  found.expect('our tag of the queue', queue.tags['sluice:prefix'], stage.settings.prefix);
}

function compareFunction(stage: OwnStage, fn: FunctionRecord, item: TestItem, found: Differences): void {
  found.expect('memory', fn.fields.MemorySize, item.memorySize);
  found.expect('timeout', fn.fields.Timeout, item.timeout);
  found.expect('code version', fn.code.version, stage.pointer()?.version);
  found.expect('code key', fn.code.key, 'consumer.zip');
  found.expect('reserved', fn.reserved, item.reserve ? item.concurrency : undefined);
  found.expect('tag of the function', fn.tags['team'], item.team);
}

function compareMapping(mapping: Mapping, queueName: string, item: TestItem, found: Differences): void {
  found.expect('queue of the mapping', mapping.eventSourceArn.split(':').at(-1), queueName);
  found.expect('MaximumConcurrency', mapping.maximumConcurrency, Math.max(2, item.concurrency));
  found.expect('enabled', mapping.enabled, !item.paused);
  found.expect('batch size', mapping.batchSize, item.batchSize);
  found.expect('ReportBatchItemFailures', mapping.reportsItemFailures, true);
}

function expectGone(stage: OwnStage, taskGroup: string, found: Differences): void {
  for (const fifo of [false, true]) {
    const names = pipelineNames(stage.settings.prefix, taskGroup, fifo);
    found.expect('function', stage.aws.lambda.find(names.function)?.name, undefined);
    found.expect('queue', stage.aws.sqs.find(names.queue)?.identity.name, undefined);
    found.expect('dead-letter queue', stage.aws.sqs.find(names.deadLetterQueue)?.identity.name, undefined);
    found.expect(
      'mappings',
      stage.aws.lambda.mappings.all().filter((mapping) => mapping.functionArn.endsWith(`:${names.function}`)).length,
      0,
    );
  }
  found.expect('row', stage.row(taskGroup)?.message, undefined);
}
