/** The groups of the rate bench, and how many tasks each needs. Pure. */

export interface BenchTask {
  /** How long it takes, in milliseconds. */
  ms: number;
}

export interface RateGroup {
  name: string;
  ratePerSecond: number;
  concurrency: number;
  /** Such that an invocation lasts 0.2 s at least: the pause between two is lost time. The local AWS hands out ten at most. */
  batch: number;
  taskMs: number;
  duplicates: boolean;
}

const group = (ratePerSecond: number, concurrency: number, batch: number, more: Partial<RateGroup> = {}): RateGroup => ({
  name: `r${ratePerSecond}-c${concurrency}${more.taskMs ? `-${more.taskMs}ms` : ''}${more.duplicates ? '-defaults' : ''}`,
  ...{ ratePerSecond, concurrency, batch, taskMs: 0, duplicates: false, ...more },
});

/** Those of a wave run at the same time. */
export const waves: RateGroup[][] = [
  [
    ...[group(0.5, 1, 5), group(0.5, 2, 3), group(0.5, 10, 1)],
    ...[group(2, 1, 10), group(2, 2, 10), group(2, 10, 2)],
    ...[group(2, 2, 10, { taskMs: 900 }), group(2, 2, 10, { duplicates: true })],
  ],
  [
    ...[group(10, 1, 10), group(10, 2, 10), group(10, 10, 10)],
    ...[group(10, 10, 10, { taskMs: 900 }), group(10, 2, 10, { duplicates: true })],
  ],
  // A start each 20 ms is late where it waits for a core: these do not share the machine.
  ...[group(50, 1, 10), group(50, 2, 10), group(50, 10, 10)].map((one) => [one]),
];

export const spacingSeconds = ({ ratePerSecond, concurrency }: RateGroup) => concurrency / ratePerSecond;

/** Whole spacings that make up a minute at least. */
export const rounds = (one: RateGroup) => Math.ceil(60 / spacingSeconds(one));

/** Starts the figures need: the first of every environment, and a minute more. */
export const startsNeeded = (one: RateGroup) => one.concurrency * (1 + rounds(one));

/** And those that are on their way when the last of these starts. */
export const backlog = (one: RateGroup) => startsNeeded(one) + 2 * one.concurrency * one.batch;

export const item = (one: RateGroup, startsFile: string, paused: boolean) => ({
  taskGroup: one.name,
  concurrency: one.concurrency,
  ratePerSecond: one.ratePerSecond,
  consumer: 'sluice',
  batch: { size: one.batch, window: one.batch > 10 ? 1 : 0 },
  function: {
    architecture: 'x86_64',
    timeout: 120,
    environment: { STARTS_FILE: startsFile, ...(one.duplicates ? { DUPLICATES: 'on' } : {}) },
  },
  onDelete: 'discard',
  paused,
});
