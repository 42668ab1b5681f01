/**
 * Embedded metrics (CloudWatch/CloudWatch_Embedded_Metric_Format_Specification): one log line per invocation by stage,
 * and one per class of error that occurred. The group is a field: as a dimension it would make six metrics of every
 * group, which at 3,000 groups cost thousands a month.
 */
import type { ErrorClass } from '../../lambdas/contract/task-wire.ts';

export interface MetricOptions {
  namespace: string;
  groupDimension: boolean;
}

/** What was counted of one invocation. */
export interface Counts {
  started: number;
  succeeded: number;
  /** Acknowledged without running: done or dead before. */
  duplicates: number;
  /** Acknowledged without running: their job was cancelled. */
  cancelled: number;
  /** Of placed jobs: not run, or in vain, as the lease was not ours. */
  leasesLost: number;
  /** Of placed jobs: somebody else goes on with them. */
  handedOn: number;
  /** Came back without having spent an attempt. */
  handedBack: number;
  rateLimited: number;
  /** Milliseconds tasks and the invocation's end were held for the rate. */
  waitedForRateMs: number;
  durationsMs: number[];
  byClass: Partial<Record<ErrorClass, ClassCounts>>;
}

export interface ClassCounts {
  failed: number;
  retried: number;
  deadLettered: number;
}

export const noCounts = (): Counts => ({
  started: 0,
  succeeded: 0,
  duplicates: 0,
  cancelled: 0,
  leasesLost: 0,
  handedOn: 0,
  handedBack: 0,
  rateLimited: 0,
  waitedForRateMs: 0,
  durationsMs: [],
  byClass: {},
});

export function countsOf(counts: Counts, errorClass: ErrorClass): ClassCounts {
  const found = counts.byClass[errorClass] ?? { failed: 0, retried: 0, deadLettered: 0 };
  counts.byClass[errorClass] = found;
  return found;
}

/** Values of one metric in a line, at most (the format's limit). */
const valuesPerMetric = 100;

export function metricLines(counts: Counts, where: { stage: string; group: string }, options: MetricOptions, nowMs: number): string[] {
  const values: Values = {
    Started: counts.started,
    Succeeded: counts.succeeded,
    Duplicates: counts.duplicates,
    // A metric costs from the first value on: stages without jobs or pools have none.
    ...(counts.cancelled > 0 ? { Cancelled: counts.cancelled } : {}),
    ...(counts.leasesLost > 0 ? { LeasesLost: counts.leasesLost } : {}),
    ...(counts.handedOn > 0 ? { HandedOn: counts.handedOn } : {}),
    HandedBack: counts.handedBack,
    RateLimited: counts.rateLimited,
    WaitedForRate: Math.round(counts.waitedForRateMs),
    Duration: counts.durationsMs.slice(0, valuesPerMetric).map((ms) => Math.round(ms * 10) / 10),
  };
  const classes = Object.entries(counts.byClass).map(([errorClass, { failed, retried, deadLettered }]) =>
    line({ Failed: failed, Retried: retried, DeadLettered: deadLettered }, where, options, nowMs, errorClass),
  );
  return [line(values, where, options, nowMs), ...classes];
}

type Values = Record<string, number | number[]>;

const milliseconds = new Set(['WaitedForRate', 'Duration']);

function line(
  values: Values,
  { stage, group }: { stage: string; group: string },
  options: MetricOptions,
  nowMs: number,
  errorClass?: string,
): string {
  const told = Object.entries(values).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  const base = errorClass === undefined ? ['Stage'] : ['Stage', 'Class'];
  const directive = {
    Namespace: options.namespace,
    Dimensions: options.groupDimension ? [base, [...base, 'Group']] : [base],
    Metrics: told.map(([Name]) => ({ Name, Unit: milliseconds.has(Name) ? 'Milliseconds' : 'Count' })),
  };
  return `${JSON.stringify({
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    Stage: stage,
    Group: group,
    ...(errorClass === undefined ? {} : { Class: errorClass }),
    ...Object.fromEntries(told),
  })}\n`;
}
