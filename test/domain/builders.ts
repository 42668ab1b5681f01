/** A stage, items and what a look would see of them, for tests of decisions that call nothing. */
import { StageSettings } from '../../lambdas/contract/settings.ts';
import type { Stage } from '../../lambdas/contract/stage.ts';
import { type DesiredPipeline, desiredPipeline } from '../../lambdas/domain/desired.ts';
import { effectiveItem } from '../../lambdas/domain/effective-item.ts';
import type { EffectiveItem } from '../../lambdas/domain/item.ts';
import type { Observed, ObservedMapping, ObservedQueue } from '../../lambdas/domain/observed.ts';
import { proofOf } from '../../lambdas/domain/plan-function.ts';

export const stage: Stage = {
  settings: StageSettings.parse({ stage: 'test' }),
  partition: 'aws',
  region: 'eu-west-1',
  accountId: '123456789012',
  codeBucket: 'code-bucket',
  consumerRoleArn: 'arn:aws:iam::123456789012:role/sluice-test/consumer',
  consumerLogGroup: '/sluice-test/consumers',
  tasksTable: 'tasks',
  dataBucket: 'data-bucket',
  hintsQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/changes',
  reportsQueueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/reports',
};
export const prefix = stage.settings.prefix;

export const group = 'customer A';

export type RawItem = Record<string, unknown>;
export const rawItem = (fields: RawItem = {}): RawItem => ({ taskGroup: group, concurrency: 5, ...fields });

/** The effective item of a valid one; throws its problems otherwise. */
export function item(fields: RawItem = {}, defaults?: RawItem): EffectiveItem {
  const verdict = effectiveItem(rawItem(fields), defaults && { taskGroup: '*', ...defaults }, stage);
  if (!verdict.valid) throw new Error(verdict.problems.join('; '));
  return verdict.item;
}

export function problems(fields: RawItem = {}, defaults?: RawItem): string[] {
  const verdict = effectiveItem(rawItem(fields), defaults && { taskGroup: '*', ...defaults }, stage);
  return verdict.valid ? [] : verdict.problems;
}

export function warnings(fields: RawItem = {}, defaults?: RawItem): string[] {
  const verdict = effectiveItem(rawItem(fields), defaults && { taskGroup: '*', ...defaults }, stage);
  return verdict.valid ? verdict.warnings : [];
}

export const release = 'v1';

/** The wish of an item, running `version` unless told there is none. */
export const wish = (fields: RawItem = {}, version: string | undefined = release): DesiredPipeline =>
  desiredPipeline(item(fields), version, stage);

export const wishWithoutCode = (fields: RawItem = {}): DesiredPipeline => desiredPipeline(item(fields), undefined, stage);

export const urlOf = (name: string) => `https://sqs.eu-west-1.amazonaws.com/${stage.accountId}/${name}`;
export const shaOf = (code: { key: string; version: string }) => `sha of ${code.key} ${code.version}`;

export const queueOf = ({ name, attributes }: DesiredPipeline['queue'], tags: Record<string, string>): ObservedQueue => ({
  url: urlOf(name),
  name,
  attributes: { ...attributes },
  tags: { ...tags },
  messages: 0,
});

export const mappingOf = ({ mapping, queue }: DesiredPipeline, id = 'mapping-1'): ObservedMapping => ({
  id,
  queueName: queue.name,
  state: mapping.enabled ? 'Enabled' : 'Disabled',
  batchSize: mapping.batchSize,
  windowSeconds: mapping.windowSeconds,
  maximumConcurrency: mapping.maximumConcurrency,
  reportsItemFailures: true,
  enabled: mapping.enabled,
});

/** What a look sees where the wish was applied in full. */
export function observedOf(desired: DesiredPipeline): Observed {
  const queues = { queue: queueOf(desired.queue, desired.tags), deadLetterQueue: queueOf(desired.deadLetterQueue, desired.tags) };
  if (!desired.code) return { ...queues, mappings: [] };
  return {
    ...queues,
    function: {
      configuration: structuredClone(desired.configuration),
      architecture: desired.architecture,
      codeSha256: shaOf(desired.code),
      code: { ...desired.code },
      ...(desired.reservedConcurrency === undefined ? {} : { reservedConcurrency: desired.reservedConcurrency }),
      tags: { ...desired.tags },
      state: 'Active',
      updating: false,
    },
    mappings: [mappingOf(desired)],
  };
}

/** Everything is proved already: what a rollout or a sweep knows. */
export const proven = (desired: DesiredPipeline) => ({ provenFor: [proofOf(desired)] });
