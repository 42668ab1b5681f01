/** Sends in flight: no more than the window has room for, which narrows under push-back. */
import { fullWindow, grown, halved, hasRoom } from '../domain/job/send-window.ts';
import type { Signal } from './signal.ts';

export function sendSlots(most: number, changes: Signal) {
  let window = fullWindow(most);
  let inFlight = 0;
  const isFree = () => hasRoom(window, inFlight);
  return {
    isFree,
    /** Sends that the window has room for. */
    get most() {
      return Math.floor(window.size);
    },
    /** The window's epoch, for `pushedBack`. Takes the slot before anybody else runs where one is free. */
    async enter(): Promise<number> {
      while (!isFree()) await changes.next();
      inFlight += 1;
      return window.epoch;
    },
    leave(): void {
      inFlight -= 1;
      changes.changed();
    },
    answered(): void {
      window = grown(window);
    },
    pushedBack(epoch: number): void {
      window = halved(window, epoch);
    },
  };
}
