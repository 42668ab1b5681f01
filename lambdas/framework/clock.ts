/** Time as an argument: real in production, virtual in benchmarks and property tests. */
export interface Clock {
  nowMs(): number;
  /** 0 gives way: what was begun before goes out first. */
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => (milliseconds > 0 ? setTimeout(resolve, milliseconds) : setImmediate(resolve))),
};

export const isoTime = (milliseconds: number) => new Date(milliseconds).toISOString();
