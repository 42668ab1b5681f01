/** Lets those who wait look again whenever something changed. */
export function signal() {
  let waiting: (() => void)[] = [];
  const next = () => new Promise<void>((resolve) => waiting.push(resolve));
  return {
    changed(): void {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    next,
    async until(isSo: () => boolean): Promise<void> {
      while (!isSo()) await next();
    },
  };
}
export type Signal = ReturnType<typeof signal>;
