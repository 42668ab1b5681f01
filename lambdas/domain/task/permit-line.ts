/**
 * The line in front of a permit: who waits, in which order, and when who waits looks again by himself. Pure.
 *
 * The line is short, and each group has few places in it: a backlog of 10,000 tasks of one group delays another group by
 * those few, and fills neither the item nor the table. Who finds no place in it comes back later and tries again.
 */
import { createHash } from 'node:crypto';

export interface Waiter {
  /** {@link waiterId}. */
  id: string;
  pipeline: string;
  /** When the task was first sent. */
  sentAtMs: number;
  /** Place in the line, the smallest first. */
  rankMs: number;
}

/** Places in the line, of one group and of all. */
export const lineLimits = { perGroup: 20, total: 100 };

/** The same task has the same id each time it asks, whatever its own id is made of. */
export const waiterId = (pipeline: string, task: string) =>
  createHash('sha256').update(`${pipeline}#${task}`).digest('base64url').slice(0, 16);

/** What a task waited before it first asked counts up to this. */
const creditMs = 60_000;

/**
 * Who was sent first goes first. But a task that was sent a day ago and asks now stands behind those that have stood in
 * line for a minute: else a group with a backlog of old tasks would keep every other out until it is through.
 */
export const rankOf = (sentAtMs: number, nowMs: number) => Math.max(sentAtMs, nowMs - creditMs);

const inOrder = (a: Waiter, b: Waiter) => a.rankMs - b.rankMs || a.sentAtMs - b.sentAtMs || (a.id < b.id ? -1 : 1);
const youngest = (waiters: readonly Waiter[]) => waiters.toSorted((a, b) => b.sentAtMs - a.sentAtMs || (a.id < b.id ? 1 : -1))[0];

/** The line with the newcomer in it, or undefined where there is no place for him. Who stands in it keeps his place. */
export function joined(line: readonly Waiter[], newcomer: Waiter): readonly Waiter[] | undefined {
  if (line.some(({ id }) => id === newcomer.id)) return line;
  const own = line.filter(({ pipeline }) => pipeline === newcomer.pipeline);
  if (own.length >= lineLimits.perGroup) return instead(line, youngest(own), newcomer);
  if (line.length < lineLimits.total) return [...line, newcomer].toSorted(inOrder);
  const crowd = largestGroup(line);
  // Two more than ours: with one more they would take the place from each other for ever.
  if (crowd.length >= own.length + 2) return without(line, youngest(crowd), newcomer);
  return instead(line, youngest(line), newcomer);
}

/** An older task takes the place of a younger: within a group, so that none of its tasks is always too late. */
const instead = (line: readonly Waiter[], other: Waiter | undefined, newcomer: Waiter) =>
  other && newcomer.sentAtMs < other.sentAtMs ? without(line, other, newcomer) : undefined;

const without = (line: readonly Waiter[], other: Waiter | undefined, newcomer: Waiter) =>
  [...line.filter((waiter) => waiter !== other), newcomer].toSorted(inOrder);

function largestGroup(line: readonly Waiter[]): Waiter[] {
  // Not Map.groupBy: authors test their consumers on Node 20, too.
  const groups = new Map<string, Waiter[]>();
  for (const waiter of line) groups.set(waiter.pipeline, [...(groups.get(waiter.pipeline) ?? []), waiter]);
  return [...groups.values()].reduce((largest, group) => (group.length > largest.length ? group : largest), []);
}

const fallback = { leastSeconds: 5, mostSeconds: 120, patientFromReceive: 300, patientSeconds: 1_800 };

/**
 * Seconds until a waiter comes back that nobody wakes: 5, 10, 20 … 120. Each time is a receive, of which SQS allows a task
 * 1,000; so without a place in line it is half an hour from the 300th on, and they outlast the 14 days SQS keeps a task.
 * `random`: 0 up to 1, of the last fifth.
 */
export function fallbackSeconds(receives: number, inLine: boolean, random: number): number {
  const { leastSeconds, mostSeconds, patientFromReceive, patientSeconds } = fallback;
  const full =
    !inLine && receives >= patientFromReceive
      ? patientSeconds
      : Math.min(mostSeconds, leastSeconds * 2 ** Math.min(Math.max(receives - 1, 0), 10));
  return Math.ceil(full * (1 - random / 5));
}
