/** The day under each way of scheduling, from the same seed. */
import { type Line, progress } from '../report.ts';
import { plainFifo, pollingThreads } from './baselines.ts';
import { dayOf } from './day.ts';
import { ours } from './ours.ts';
import { type Outcome, simulate } from './simulation.ts';

const dayMs = 86_400_000;
const seeds = [1, 2, 3];
const leastUse = 0.98;
const leastFairness = 0.95;

export function days(): Line[] {
  return [ours, plainFifo, pollingThreads].flatMap((way, i) => {
    const outcomes = seeds.map((seed) => {
      const day = dayOf(mulberry32(seed));
      progress(`a day of ${day.jobs.length} jobs, ${way(day).name}`);
      return simulate(day, way(day), dayMs);
    });
    return linesOf(way(dayOf(mulberry32(1))).name, outcomes, i === 0);
  });
}

function linesOf(name: string, outcomes: readonly Outcome[], isOurs: boolean): Line[] {
  const worst = (of: (outcome: Outcome) => number, pick: (...values: number[]) => number) => pick(...outcomes.map(of));
  const [use, fairness] = [worst((one) => one.use, Math.min), worst((one) => one.fairness, Math.min)];
  const violations = outcomes.reduce((sum, one) => sum + one.violations, 0);
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const hours = (priority: string) => `${(worst((one) => one.longestWaitSeconds[priority] ?? 0, Math.max) / 3_600).toFixed(1)} h`;
  const held = (target: string, met: boolean) => (isOurs ? { target, met } : {});
  return [
    { what: `${name}: use of the scarcest while enough waits`, figure: percent(use), ...held(`≥ ${percent(leastUse)}`, use >= leastUse) },
    {
      what: `${name}: Jain's index of weighted dominant shares while all have a backlog`,
      figure: fairness.toFixed(3),
      ...held(`≥ ${leastFairness}`, fairness >= leastFairness),
    },
    { what: `${name}: longest wait of critical, normal, low`, figure: `${hours('critical')}, ${hours('normal')}, ${hours('low')}` },
    { what: `${name}: median wait`, figure: `${worst((one) => one.medianWaitSeconds, Math.max).toFixed(0)} s` },
    { what: `${name}: limits passed`, figure: String(violations), ...held('0', violations === 0) },
  ];
}

/** A small generator of numbers from 0 to 1: the same seed, the same day. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
