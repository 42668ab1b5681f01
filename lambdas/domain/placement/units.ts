/**
 * Quantities as whole thousandths: sums are exact in whatever order they came about, as those of the table are. Pure.
 *
 * A need is rounded up and an offer down, so that what fits here fits in the table.
 */
import type { Quantities } from '../../contract/placement.ts';

const perOne = 1_000;
/** Less than this of a thousandth is what binary fractions add to a decimal one. */
const noise = 1e-6;

export const neededUnits = (quantity: number) => Math.ceil(quantity * perOne - noise);
export const offeredUnits = (quantity: number) => Math.floor(quantity * perOne + noise);
export const fromUnits = (units: number) => units / perOne;

/** A need of nothing is none: a pool without such a quantity meets it. */
export const neededOf = (quantities: Quantities = {}): [string, number][] =>
  Object.entries(quantities)
    .map(([name, quantity]): [string, number] => [name, neededUnits(quantity)])
    .filter(([, units]) => units > 0)
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** What somebody uses, or may use: jobs, and units of each quantity. */
export class Use {
  jobs = 0;
  readonly units = new Map<string, number>();

  of(quantity: string): number {
    return this.units.get(quantity) ?? 0;
  }

  /** `times` is -1 where it is given back. */
  change(needed: readonly [string, number][], times: 1 | -1): void {
    this.jobs += times;
    for (const [name, units] of needed) {
      const left = this.of(name) + times * units;
      if (left === 0) this.units.delete(name);
      else this.units.set(name, left);
    }
  }
}
