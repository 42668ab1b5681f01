/** Quantiles. Pure. */

/** The smallest value that at least a share `q` of the values do not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
  if (found === undefined) throw new Error('a quantile of no values');
  return found;
}

export const median = (values: readonly number[]) => quantile(values, 0.5);
