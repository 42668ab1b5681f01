/**
 * Why a task ends here without having failed: it comes back, or is over already. Thrown through the author's code, and
 * remembered beside it, as the author may catch everything.
 */

export class Interruption extends Error {
  /** Seconds after which it comes back; undefined: it has ended elsewhere and need not. */
  readonly comeBackSeconds: number | undefined;

  constructor(message: string, comeBackSeconds: number | undefined) {
    super(message);
    this.name = 'Interruption';
    this.comeBackSeconds = comeBackSeconds;
  }
}
