/**
 * How many sends may be in flight: as many as the job asks for, halved when the target pushes back, and one more for each
 * window of sends that it took (AIMD). Pure.
 */
export interface SendWindow {
  size: number;
  most: number;
  /** Counts halvings: of the sends that were in flight together only the first refusal counts. */
  epoch: number;
}

export const fullWindow = (most: number): SendWindow => ({ size: most, most, epoch: 0 });

export const grown = ({ size, most, epoch }: SendWindow): SendWindow => ({ size: Math.min(most, size + 1 / size), most, epoch });

/** `epoch`: as it was when the send that was pushed back began. */
export const halved = (window: SendWindow, epoch: number): SendWindow =>
  epoch === window.epoch ? { size: Math.max(1, window.size / 2), most: window.most, epoch: epoch + 1 } : window;

export const hasRoom = ({ size }: SendWindow, inFlight: number) => inFlight < Math.floor(size);

const firstPauseMs = 200;
const longestPauseMs = 5_000;
/** Together some 20 seconds. */
export const sendTries = 8;

/** After the `tries`th try that failed: half for certain, half by `random` (0 up to 1). */
export function pauseMs(tries: number, random: number): number {
  const full = Math.min(longestPauseMs, firstPauseMs * 2 ** (tries - 1));
  return full / 2 + (random * full) / 2;
}
