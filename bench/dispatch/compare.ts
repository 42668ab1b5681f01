/** One job after the other: the seed's loop beside ours, to a function and through a queue, and the bare SDK beside those. */

import { median } from '../consumer/statistics.ts';
import { progress } from '../report.ts';
import { inChild } from './in-child.ts';
import { bucket, fileKey, functionName, type LocalAws, type Way } from './local-aws.ts';
import type { Plan, Sent } from './send-child.ts';

export interface Compared {
  tasks: number;
  delayMs: number;
  /** Scaled: not measured at this size, but from another one. */
  sequential: { ms: number; scaledFrom?: number; bytes?: number };
  toFunction?: Ours;
  toQueue: Ours;
}

export interface Ours {
  ms: number;
  /** Times the bare SDK: the median over rounds in which they took turns. */
  ofBare: number;
  /** Memory above what the process had before; of a process that sent once and nothing else. */
  bytes: number;
}

/** What a job of the size is warmed up with. */
export const warmUpSize = 200;

export async function compare(aws: LocalAws, way: Way, tasks: number, rounds: number): Promise<Compared> {
  const note = (what: string) => progress(`${tasks} tasks, ${way.delayMs} ms on every call: ${what}`);
  note('one by one');
  const loop = await send(way, ['sequential'], way.delayMs > 0 ? 1 : rounds, tasks, { functionName });
  const sequential = { ms: median(loop.ms['sequential'] ?? []), bytes: loop.peakBytes - loop.startBytes };
  note('to a function');
  const toFunction = await measured(way, tasks, rounds, { functionName });
  note('through a queue');
  const toQueue = await aws.withQueue(way, (queueUrl) => measured(way, tasks, rounds, { queueUrl }));
  return { tasks, delayMs: way.delayMs, sequential, toFunction, toQueue };
}

/** A job that the loop would take hours for: it is scaled. */
export async function compareLarge(aws: LocalAws, way: Way, tasks: number, small: Compared): Promise<Compared> {
  progress(`${tasks} tasks, ${way.delayMs} ms on every call: through a queue`);
  const ours = await aws.withQueue(way, (queueUrl) => send(way, ['ours'], 1, tasks, { queueUrl }));
  const bare = await aws.withQueue(way, (queueUrl) => send(way, ['bare'], 1, tasks, { queueUrl }));
  const ms = median(ours.ms['ours'] ?? []);
  return {
    tasks,
    delayMs: way.delayMs,
    sequential: { ms: (small.sequential.ms / small.tasks) * tasks, scaledFrom: small.tasks },
    toQueue: { ms, ofBare: ms / median(bare.ms['bare'] ?? []), bytes: ours.peakBytes - ours.startBytes },
  };
}

async function measured(way: Way, tasks: number, rounds: number, to: Plan['work']['to']): Promise<Ours> {
  const { ms } = await send(way, ['ours', 'bare'], rounds, tasks, to);
  const alone = await send(way, ['ours'], 1, tasks, to);
  const [ours = [], bare = []] = [ms['ours'], ms['bare']];
  const ofBare = median(ours.map((value, round) => value / (bare[round] ?? Number.NaN)));
  return { ms: median(ours), ofBare, bytes: alone.peakBytes - alone.startBytes };
}

const send = (way: Way, senders: Plan['senders'], rounds: number, tasks: number, to: Plan['work']['to']): Promise<Sent> =>
  inChild(
    { senders, rounds, functionName, work: { tasks, to, bucket, key: fileKey(tasks) }, warmUpKey: fileKey(warmUpSize) },
    way.environment,
  );
