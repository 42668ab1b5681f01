/**
 * The use case Sluice was made for: 5 groups at concurrency 100 and 40 at 10 fill an account of 1,000 (100 must stay
 * unreserved), each with a backlog. Five more groups wait for room and start by themselves when room is made. Gives the
 * figures; `seed-use-case.ts` prints them and a test asserts them.
 */

import { pipelineNames } from '../lambdas/contract/names.ts';
import { between } from '../test/double/aws/random.ts';
import { zipOf } from '../test/double/aws/s3.ts';
import { ConsumerPipeline } from '../test/double/consumer-world.ts';
import { OwnStage } from '../test/double/own-stage.ts';

interface Group {
  taskGroup: string;
  concurrency: number;
}

const numbered = (name: string, count: number, concurrency: number): Group[] =>
  Array.from({ length: count }, (_, i) => ({ taskGroup: `${name}-${i + 1}`, concurrency }));

const large = numbered('large', 5, 100);
const small = numbered('small', 40, 10);
const late = numbered('late', 5, 10);
/** Those that make room for the late ones. */
const leaving = small.slice(0, 5);

export interface SeedFigures {
  /** Groups at work at the same time, and what they have reserved. */
  running: number;
  reserved: number;
  startMs: number;
  utilisation: { large: number; small: number; lowest: number };
  /** Groups that ever ran more tasks at once than their concurrency. */
  violations: string[];
  tasksDone: number;
  /** Phases and messages of the late groups while there is no room. */
  waiting: string[];
  /** From the removal of five groups until all late ones run. */
  takeOverMs: number;
  lateRunning: number;
  lateUtilisation: number;
}

export async function seedUseCase(workMs: number, report: (text: string) => void = () => {}): Promise<SeedFigures> {
  // An account that is filled to the brim has nothing left for our own functions to reserve.
  const stage = new OwnStage({ aws: { lambda: { accountConcurrency: 1_000 } }, stage: { reserveOwnConcurrency: false } });
  const uploaded = stage.upload(zipOf('consumer'));
  await stage.runUntil(() => stage.pointer()?.version === uploaded.versionId, 60_000);
  const startedMs = stage.aws.clock.nowMs();
  for (const group of [...large, ...small]) stage.write({ ...group });
  await untilActive(stage, [...large, ...small], 300_000);
  const startMs = stage.aws.clock.nowMs() - startedMs;
  for (const group of late) stage.write({ ...group });
  await stage.aws.clock.advance(60_000);
  const waiting = late.map(({ taskGroup }) => `${stage.row(taskGroup)?.phase}: ${stage.row(taskGroup)?.message}`);
  report('working');
  const pipelines = new Map([...large, ...small].map((group) => [group.taskGroup, work(stage, group)]));
  await stage.aws.clock.advance(workMs);
  const figures = {
    running: pipelines.size,
    reserved: stage.aws.lambda.reservedTotal(),
    startMs,
    waiting,
    utilisation: utilisation(pipelines),
    tasksDone: [...pipelines.values()].reduce((sum, pipeline) => sum + pipeline.done, 0),
  };
  report('making room');
  for (const pipeline of pipelines.values()) pipeline.stop();
  const removedMs = stage.aws.clock.nowMs();
  for (const { taskGroup } of leaving) stage.remove(taskGroup);
  await untilActive(stage, late, 1_800_000);
  const takeOverMs = stage.aws.clock.nowMs() - removedMs;
  const lateRunning = late.filter((group) => isActive(stage, group)).length;
  const latePipelines = late.filter((group) => isActive(stage, group)).map((group) => work(stage, group));
  await stage.aws.clock.advance(workMs);
  const lateUtilisation = Math.min(1, ...latePipelines.map((pipeline) => pipeline.utilisation(10)));
  return { ...figures, takeOverMs, lateRunning, lateUtilisation, violations: violations(pipelines) };
}

const isActive = (stage: OwnStage, { taskGroup }: Group) => stage.row(taskGroup)?.phase === 'Active';

async function untilActive(stage: OwnStage, groups: readonly Group[], limitMs: number): Promise<void> {
  let all = false;
  // By the clock: where nothing else happens, nothing else would look.
  const stop = stage.aws.clock.every(200, () => {
    all = groups.every((group) => isActive(stage, group));
  });
  await stage.runUntil(() => all, limitMs);
  stop();
}

/** A backlog for the pipeline that exists, under the limits that it really has. */
function work(stage: OwnStage, { taskGroup, concurrency }: Group): ConsumerPipeline {
  const { lambda, clock, random } = stage.aws;
  const fn = lambda.find(pipelineNames(stage.settings.prefix, taskGroup, false).function);
  const mapping = lambda.mappings.all().find((candidate) => candidate.functionArn === fn?.arn);
  if (!fn || mapping?.maximumConcurrency === undefined) throw new Error(`${taskGroup} has no function or no mapping`);
  const pipeline = new ConsumerPipeline(clock, random, {
    reserved: fn.reserved,
    maximumConcurrency: mapping.maximumConcurrency,
    visibilitySeconds: 6 * fn.fields.Timeout,
    maxReceiveCount: 10,
    taskMs: () => between(random, 1_000, 3_000),
    gapMs: { min: 10, max: 40 },
    throttledRetryMs: (tries) => 500 * 2 ** tries,
    receives: 'any',
  });
  pipeline.submit(concurrency * 1_000);
  return pipeline;
}

function utilisation(pipelines: ReadonlyMap<string, ConsumerPipeline>): SeedFigures['utilisation'] {
  const of = (groups: readonly Group[]) =>
    groups.map(({ taskGroup, concurrency }) => pipelines.get(taskGroup)?.utilisation(concurrency) ?? 0);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { large: mean(of(large)), small: mean(of(small)), lowest: Math.min(...of([...large, ...small])) };
}

function violations(pipelines: ReadonlyMap<string, ConsumerPipeline>): string[] {
  return [...large, ...small].flatMap(({ taskGroup, concurrency }) => {
    const peak = pipelines.get(taskGroup)?.peak ?? 0;
    return peak > concurrency ? [`${taskGroup} ran ${peak} at once`] : [];
  });
}
