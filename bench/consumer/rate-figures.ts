/** From when tasks of a group started to how well its limit was used and held. Pure. */
import { type RateGroup, rounds, spacingSeconds } from './rate-groups.ts';

export interface RateFigures {
  /**
   * The time a number of whole spacings take at the limit, as a share of what they took: from the last of the first
   * `concurrency` starts on, each spacing makes `concurrency` more.
   */
  used: number;
  /** Most starts by which any window T exceeded r·T + c; below 0: none did. */
  above: number;
}

/** `startsMs`: in order. */
export function rateFigures(group: RateGroup, startsMs: readonly number[]): RateFigures {
  const { concurrency } = group;
  const fromMs = startsMs[concurrency - 1];
  const toMs = startsMs[concurrency * (1 + rounds(group)) - 1];
  const used = fromMs === undefined || toMs === undefined ? 0 : (rounds(group) * spacingSeconds(group) * 1_000) / (toMs - fromMs);
  return { used, above: mostAbove(group, startsMs) };
}

/** Windows that begin and end with a start are the worst; for each end, the worst begin so far is kept. */
function mostAbove({ ratePerSecond, concurrency }: RateGroup, startsMs: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY;
  let begin = Number.NEGATIVE_INFINITY;
  for (const [i, ms] of startsMs.entries()) {
    const due = (ratePerSecond * ms) / 1_000;
    begin = Math.max(begin, due - i);
    most = Math.max(most, begin + i + 1 - due);
  }
  return most - concurrency;
}
