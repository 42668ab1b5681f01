/** Many things at once, but never more than a few. */

/** `handle` must not throw: one that fails is its own business. */
export async function sideBySide<T>(items: readonly T[], most: number, handle: (item: T) => Promise<void>): Promise<void> {
  const left = items.values();
  const worker = async () => {
    for (const item of left) await handle(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker));
}
