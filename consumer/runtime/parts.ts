/** What a task began beside its own code, its steps and its uses of permits: nothing of it may end unnoticed. */

/** Knows whether anybody ever asked what became of it. */
class Part<T> extends Promise<T> {
  asked = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise has one; `await` and Promise.all come by here.
  override then<A = T, B = never>(
    fulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.asked = true;
    return super.then(fulfilled, rejected);
  }

  /** Its failure is told at the task's end: to Node it is handled, which else would end the process. */
  handled(): this {
    super.then(undefined, () => {});
    return this;
  }
}

export class Parts {
  private readonly open = new Map<Part<unknown>, Promise<void>>();
  private readonly failed: { part: Part<unknown>; error: unknown }[] = [];

  add<T>(begun: Promise<T>): Promise<T> {
    const part = new Part<T>((resolve) => resolve(begun)).handled();
    const ended = begun.then(
      () => void this.open.delete(part),
      (error: unknown) => {
        this.open.delete(part);
        this.failed.push({ part, error });
      },
    );
    this.open.set(part, ended);
    return part;
  }

  /**
   * Waits for all that is open. The failure that the task, which has just ended, did not learn of: of a part it left open,
   * or never asked about. One that it caught while it ran is its own business.
   */
  async end(): Promise<{ error: unknown } | undefined> {
    const leftOpen = new Set<Part<unknown>>(this.open.keys());
    while (this.open.size > 0) await Promise.all(this.open.values());
    return this.failed.find(({ part }) => leftOpen.has(part) || !part.asked);
  }
}
