/** What is to be undone, whatever happens: the last first, each on its own, and what could not be is told. */
export class Undo {
  private readonly steps: { what: string; undo: () => Promise<void> }[] = [];

  add(what: string, undo: () => Promise<void>): void {
    this.steps.push({ what, undo });
  }

  /** What is left behind, in words. */
  async all(): Promise<string[]> {
    const left: string[] = [];
    for (const { what, undo } of this.steps.splice(0).reverse()) {
      await undo().catch((error: unknown) => {
        left.push(`${what} (${error instanceof Error ? error.message : error})`);
      });
    }
    return left;
  }
}
