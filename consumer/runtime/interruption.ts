/**
 * Why a task ends here without having failed: it comes back, or is over already. Thrown through the author's code, and
 * remembered beside it, as the author may catch everything.
 */

export class Interruption extends Error {
  /** Seconds after which it comes back; undefined: it has ended elsewhere and need not. */
  readonly comeBackSeconds: number | undefined;

  /** Asked once it is handed back: whether it may come back at once after all. */
  readonly isDueNow: (() => Promise<boolean>) | undefined;

  constructor(message: string, comeBackSeconds: number | undefined, isDueNow?: () => Promise<boolean>) {
    super(message);
    this.name = 'Interruption';
    this.comeBackSeconds = comeBackSeconds;
    this.isDueNow = isDueNow;
  }
}
