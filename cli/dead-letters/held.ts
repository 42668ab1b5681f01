/** Messages that a command has received and not deleted: hidden meanwhile, visible again at its end. */

/** SQS hides 120,000 of a standard queue at most and 20,000 of a FIFO queue (SQS/quotas-messages), consumers' included. */
export const mostHeld = { standard: 100_000, fifo: 18_000 } as const;

export class Held {
  readonly #handles = new Map<string, string>();

  /** False where it was there already, and only its handle is new. */
  add(messageId: string, receiptHandle: string): boolean {
    const isNew = !this.#handles.has(messageId);
    this.#handles.set(messageId, receiptHandle);
    return isNew;
  }

  remove(messageId: string): void {
    this.#handles.delete(messageId);
  }

  get size(): number {
    return this.#handles.size;
  }

  handles(): string[] {
    return [...this.#handles.values()];
  }
}
