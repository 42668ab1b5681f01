/** Time as an argument: real in production, virtual in benchmarks and property tests. */
export interface Clock {
  nowMs(): number;
  sleep(milliseconds: number): Promise<void>;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds))),
};

export const isoTime = (milliseconds: number) => new Date(milliseconds).toISOString();
