/**
 * Rules of a config item that need more than one field, the stage, or judgement. Pure: lists of sentences, each
 * beginning with the path it is about.
 */
import type { ConfigItem } from '../contract/config-item.ts';
import {
  invocationsPerSecondPerEnvironment,
  lambdaLimits,
  mappingLimits,
  recommendedMaxReceiveCount,
  visibilityTimeoutsPerFunctionTimeout,
} from '../contract/limits.ts';
import type { Stage } from '../contract/stage.ts';
import { pipelineTags } from '../contract/tags.ts';
import { consumerVariables, environmentBytes } from './consumer-environment.ts';
import type { EffectiveItem } from './item.ts';
import { longestHoldMs } from './task/time-budget.ts';

export interface RuleContext {
  stage: Stage;
  secrets: { ssm: string; secretsmanager: string };
  rolePath: string;
}

type Rule = (item: EffectiveItem, context: RuleContext) => string | string[] | undefined | false;

/** Every reason why the item cannot be applied. */
export function itemProblems(item: EffectiveItem, context: RuleContext): string[] {
  return rules.flatMap((rule) => rule(item, context) || []);
}

const rules: Rule[] = [
  ({ concurrency }) => Number.isNaN(concurrency) && 'concurrency: is required, a whole number from 1 to 1000',
  ({ concurrency, reserve }) =>
    !reserve &&
    concurrency < mappingLimits.maximumConcurrency.min &&
    `concurrency: must be at least ${mappingLimits.maximumConcurrency.min} with reserve: false, the lowest cap an SQS mapping takes (got ${concurrency})`,
  ({ ratePerSecond, consumer }) =>
    ratePerSecond !== undefined && consumer !== 'sluice' && 'ratePerSecond: needs consumer: sluice, as only our library spaces the starts',
  ({ pool, consumer }) => pool !== undefined && consumer !== 'sluice' && 'pool: needs consumer: sluice, as only our library knows leases',
  rateProblem,
  ({ batch, queue }) =>
    queue.fifo &&
    batch.size > mappingLimits.batchSize.fifo &&
    `batch.size: at most ${mappingLimits.batchSize.fifo} with queue.fifo (got ${batch.size})`,
  ({ batch, queue }) => queue.fifo && batch.window > 0 && `batch.window: must be 0 with queue.fifo (got ${batch.window})`,
  ({ batch }) =>
    batch.size > mappingLimits.batchSize.withoutWindow &&
    batch.window < 1 &&
    `batch.window: must be at least 1 with batch.size above ${mappingLimits.batchSize.withoutWindow} (got ${batch.window})`,
  ({ queue, function: fn }) =>
    queue.visibilityTimeout < fn.timeout &&
    `queue.visibilityTimeout: must be at least function.timeout, ${fn.timeout} (got ${queue.visibilityTimeout})`,
  ({ retry }) =>
    retry.capSeconds < retry.baseSeconds &&
    `retry.capSeconds: must be at least retry.baseSeconds, ${retry.baseSeconds} (got ${retry.capSeconds})`,
  ({ function: fn }, { rolePath }) =>
    fn.role !== undefined && !fn.role.includes(`:role${rolePath}`) && `function.role: must be under the path ${rolePath} (got ${fn.role})`,
  secretProblems,
  (item, { stage }) => {
    const bytes = environmentBytes(consumerVariables(item, stage));
    return (
      bytes > lambdaLimits.environmentBytes &&
      `function.environment: ${bytes} bytes with Sluice's own keys, at most ${lambdaLimits.environmentBytes}`
    );
  },
  (item, { stage }) => {
    const count = Object.keys(pipelineTags(stage.settings.prefix, item.taskGroup, item.tags)).length;
    return count > lambdaLimits.tags && `tags: ${count} with Sluice's own, at most ${lambdaLimits.tags}`;
  },
];

function rateProblem({ ratePerSecond: rate, concurrency, batch, function: fn }: EffectiveItem): string[] {
  if (rate === undefined || Number.isNaN(concurrency)) return [];
  const most = invocationsPerSecondPerEnvironment * concurrency * batch.size;
  const holdSeconds = (batch.size * concurrency) / rate;
  const longestHoldSeconds = longestHoldMs(fn.timeout * 1_000) / 1_000;
  return [
    ...(rate > most
      ? [
          `ratePerSecond: at most ${most} with concurrency ${concurrency} and batch.size ${batch.size}, as Lambda starts 10 invocations a second per environment (got ${rate})`,
        ]
      : []),
    ...(holdSeconds > longestHoldSeconds
      ? [
          `ratePerSecond: an invocation must last batch.size × concurrency / ratePerSecond = ${round(holdSeconds)} s to hold it; of function.timeout, ${fn.timeout} s, it has ${round(longestHoldSeconds)} s for that`,
        ]
      : []),
  ];
}

const round = (seconds: number) => Math.round(seconds * 1_000) / 1_000;

function secretProblems({ secrets }: EffectiveItem, { secrets: paths }: RuleContext): string[] {
  return Object.entries(secrets).flatMap(([name, reference]) => {
    const [store, ...rest] = reference.split(':');
    const path = store === 'ssm' ? paths.ssm : paths.secretsmanager;
    const id = rest.join(':');
    return id.startsWith(path) && id.length > path.length
      ? []
      : [`secrets.${name}: must be under the stage's path, ${store}:${path}<name>`];
  });
}

/** What is allowed but probably not meant. `written` is what somebody wrote, without Sluice's defaults. */
export function itemWarnings(item: EffectiveItem, written: Omit<ConfigItem, 'taskGroup'>): string[] {
  const wanted = visibilityTimeoutsPerFunctionTimeout * item.function.timeout + item.batch.window;
  const warnings: (string | false)[] = [
    item.consumer === 'plain' &&
      item.batch.size > 1 &&
      `batch.size: a plain consumer that runs the tasks of a batch side by side runs up to ${item.concurrency * item.batch.size} at once, not ${item.concurrency}`,
    item.consumer === 'plain' &&
      written.retry !== undefined &&
      'retry: has no effect without consumer: sluice; SQS retries after queue.visibilityTimeout',
    item.queue.visibilityTimeout < wanted &&
      `queue.visibilityTimeout: AWS asks for 6 × function.timeout + batch.window = ${wanted}; with less, throttled tasks may run twice`,
    item.queue.maxReceiveCount < recommendedMaxReceiveCount &&
      `queue.maxReceiveCount: below ${recommendedMaxReceiveCount}, tasks that were only throttled may end in the dead-letter queue`,
    ...poolWarnings(item),
  ];
  return warnings.filter((warning) => warning !== false);
}

/** A job has its place on the pool from when it is sent: where it must wait there, nobody else has what it takes. */
function poolWarnings({ pool, concurrency, batch, queue }: EffectiveItem): (string | false)[] {
  if (pool === undefined) return [];
  const { maxJobs } = pool.capacity;
  return [
    concurrency > maxJobs &&
      `concurrency: at most ${maxJobs} jobs are on the pool at once (pool.capacity.maxJobs), so ${concurrency - maxJobs} of ${concurrency} are for tasks sent by others alone`,
    concurrency < maxJobs &&
      `pool.capacity.maxJobs: unless their work goes on outside (ctx.pending), ${concurrency} of ${maxJobs} jobs run at once (concurrency), and the rest hold their places meanwhile`,
    batch.size > 1 &&
      `batch.size: jobs of a batch run one after the other, and hold their places on the pool meanwhile; 1 has each run as soon as it may`,
    queue.delay > 0 && `queue.delay: each job holds its place on the pool for ${queue.delay} s before it begins`,
  ];
}
