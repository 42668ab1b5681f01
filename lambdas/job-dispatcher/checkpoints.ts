/** Saves progress now and then, never two at once, while the sends go on. */
import type { DispatchInput, Progress } from './dispatch-input.ts';

const everyMs = 1_000;

type Inputs = Pick<DispatchInput<never>, 'checkpoint' | 'clock' | 'start'>;

export function checkpoints({ checkpoint, clock, start }: Inputs, progress: () => Progress, onError: (error: unknown) => void) {
  let savedMs = clock.nowMs();
  let savedN = start.n;
  let saving: Promise<void> | undefined;

  async function save(now: Progress): Promise<void> {
    try {
      await checkpoint?.(now);
    } catch (error) {
      onError(error);
    } finally {
      saving = undefined;
    }
  }

  return {
    look(): void {
      if (checkpoint === undefined || saving !== undefined || clock.nowMs() - savedMs < everyMs) return;
      const now = progress();
      if (now.cursor.n === savedN) return;
      savedMs = clock.nowMs();
      savedN = now.cursor.n;
      saving = save(now);
    },
    /** When the one under way is through. */
    async idle(): Promise<void> {
      await saving;
    },
  };
}
