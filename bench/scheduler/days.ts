/** The day under each way of scheduling, from the same seed. */

import { seededRandom } from '../../test/double/aws/random.ts';
import { type Line, progress } from '../report.ts';
import { plainFifo, pollingThreads } from './baselines.ts';
import { crowded, type Day, dayOf, type Load, ordinary } from './day.ts';
import { ours } from './ours.ts';
import { type Outcome, simulate, type Way } from './simulation.ts';

const dayMs = 86_400_000;
const seeds = [1, 2, 3];
const leastUse = 0.98;
const leastFairness = 0.95;

export const days = (): Line[] => [ours, plainFifo, pollingThreads].flatMap((way, i) => linesOf(way, i === 0));

/** Of each seed's day the worst. */
function linesOf(way: (day: Day) => Way, isOurs: boolean): Line[] {
  const [usual, full] = [outcomes(way, ordinary, dayMs), outcomes(way, crowded, dayMs / 6)];
  const { name } = way(dayOf(seededRandom(1), ordinary));
  const use = Math.min(...usual.map((one) => one.use));
  const fairness = Math.min(...full.map((one) => one.fairness));
  const violations = [...usual, ...full].reduce((sum, one) => sum + one.violations, 0);
  const percent = (share: number) => `${(100 * share).toFixed(1)}%`;
  const hours = (priority: string) => `${(Math.max(...usual.map((one) => one.longestWaitSeconds[priority] ?? 0)) / 3_600).toFixed(1)} h`;
  const held = (target: string, met: boolean) => (isOurs ? { target, met } : {});
  return [
    { what: `${name}: use of the scarcest while enough waits`, figure: percent(use), ...held(`≥ ${percent(leastUse)}`, use >= leastUse) },
    { what: '  longest wait of critical, normal, low', figure: `${hours('critical')}, ${hours('normal')}, ${hours('low')}` },
    { what: '  median wait', figure: `${Math.max(...usual.map((one) => one.medianWaitSeconds)).toFixed(0)} s` },
    {
      what: "  Jain's index of weighted dominant shares, all customers with a backlog",
      figure: fairness.toFixed(3),
      ...held(`≥ ${leastFairness}`, fairness >= leastFairness),
    },
    { what: '  limits passed', figure: String(violations), ...held('0', violations === 0) },
  ];
}

function outcomes(way: (day: Day) => Way, load: Load, untilMs: number): Outcome[] {
  return seeds.map((seed) => {
    const day = dayOf(seededRandom(seed), load);
    progress(`a day of ${day.jobs.length} jobs, ${way(day).name}`);
    return simulate(day, way(day), untilMs);
  });
}
