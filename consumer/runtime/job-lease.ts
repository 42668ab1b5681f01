/**
 * The lease of a placed job in the hands of one start of its task: asked for before it, kept while it runs, said good-bye
 * to where somebody else goes on. Whoever runs without it would work beside another, and its last word would be refused.
 */
import { clockSkewMs } from '../../lambdas/contract/task-table.ts';
import type { Lease } from '../../lambdas/contract/task-wire.ts';
import type { TaskLease, TaskLog } from '../context.ts';
import { TransientError } from '../errors.ts';
import type { LeaseAnswer, LeaseWord, Ports } from '../ports.ts';
import { KeptLease, type LeaseTerm } from './kept-lease.ts';

/** `silent`: nobody could say. */
export type LeaseState = 'held' | 'lost' | 'silent';

export interface JobLeaseOptions {
  given: Lease;
  /**
   * Who works for the job: the pool, whichever of its environments has the task. A lease has one holder at a time; that no
   * two copies of a message run is seen to by their claim.
   */
  holder: string;
  ports: Pick<Ports, 'clock' | 'jobLeases'>;
  /** Until Lambda ends the function. */
  leftMs(): number;
  /** The step that runs. */
  step(): string | undefined;
  /** Aborts the task. */
  abort(reason: Error): void;
  log(): TaskLog;
}

/** As the API takes it. */
export const holderCharacters = 256;

const tries = 3;
const pauseMs = 500;
/** What is longer on its way is asked again. */
const answerMs = 5_000;

export class JobLease {
  /** Why it is not ours. */
  lost: string | undefined;
  readonly #options: JobLeaseOptions;
  #kept: KeptLease | undefined;
  #asked = false;
  #unsaid = false;
  #saying: Promise<void> | undefined;

  constructor(options: JobLeaseOptions) {
    this.#options = options;
  }

  /** What the author may hand on. */
  get shown(): TaskLease {
    const { token, url, fence, leaseSeconds } = this.#options.given;
    return { token, url, fence, leaseSeconds };
  }

  get seconds(): number {
    return this.#options.given.leaseSeconds;
  }

  /** Before its task starts; from then on it is kept, until {@link end}. */
  async begin(): Promise<LeaseState> {
    const { clock } = this.#options.ports;
    const answered = await this.#insist({ holder: this.#options.holder });
    if (answered === undefined) return 'silent';
    if (answered.answer.kind === 'lost') return this.#isLost(answered.answer.why);
    const keeping = {
      clock,
      deadlineMs: Number.POSITIVE_INFINITY,
      renew: (nowMs: number) => this.#renew(nowMs),
      lose: () => this.#lose(),
      warn: (error: unknown) => this.#options.log().warn('no answer to a heartbeat; tried again', { error }),
    };
    this.#kept = new KeptLease(keeping, this.#termOf(answered.fromMs));
    this.#kept.keep();
    return this.lost === undefined ? 'held' : 'lost';
  }

  /** Tells the step at once, which is a heartbeat, too. One at a time: of steps that follow each other faster the last. */
  sayStep(): void {
    this.#unsaid = true;
    this.#saying ??= this.#sayAll().finally(() => {
      this.#saying = undefined;
    });
  }

  /** The work goes on elsewhere; `holder`: who does it, which may be said only of one that was handed on. */
  async handOn(holder: string | undefined): Promise<LeaseState> {
    this.end();
    const answered = await this.#insist({ pending: true });
    if (answered === undefined) return 'silent';
    if (answered.answer.kind === 'lost') return this.#isLost(answered.answer.why);
    // For people: whoever does it may say so himself.
    if (holder) await this.#ask({ holder: holder.slice(0, holderCharacters) }).catch(() => undefined);
    return 'held';
  }

  /** Its task comes back soon, and the lease must be there then. Where it is not, the next receive is told. */
  async bridge(): Promise<void> {
    if (!this.#asked) await this.#ask({}).catch(() => undefined);
  }

  /** Nothing is said for it any more. */
  end(): void {
    this.#unsaid = false;
    this.#kept?.end();
  }

  async #sayAll(): Promise<void> {
    while (this.#unsaid) {
      this.#unsaid = false;
      await this.#kept?.renew();
    }
  }

  async #renew(nowMs: number): Promise<number | undefined> {
    const step = this.#options.step();
    const answer = await this.#ask({ holder: this.#options.holder, ...(step === undefined ? {} : { step }) });
    if (answer.kind === 'held') return this.#termOf(nowMs).untilMs;
    this.#isLost(answer.why);
    return undefined;
  }

  #lose(): Error {
    const why = this.lost ?? this.#isLost('no heartbeat of it was answered in time');
    const reason = new TransientError(`the lease of its job is lost (${why}): somebody else may work for it soon`);
    this.#options.abort(reason);
    return reason;
  }

  #isLost(why: string): 'lost' {
    this.lost ??= why;
    return 'lost';
  }

  /** Undefined: nobody answered. */
  async #insist(word: LeaseWord): Promise<{ fromMs: number; answer: LeaseAnswer } | undefined> {
    const { ports, leftMs, log } = this.#options;
    for (let tried = 1; ; tried += 1) {
      const fromMs = ports.clock.nowMs();
      try {
        return { fromMs, answer: await this.#ask(word) };
      } catch (error) {
        if (tried === tries || leftMs() < answerMs) {
          log().error('the job of its lease does not answer', { error });
          return undefined;
        }
      }
      await ports.clock.sleep(pauseMs * tried);
    }
  }

  #ask(word: LeaseWord): Promise<LeaseAnswer> {
    const { given, ports, leftMs } = this.#options;
    this.#asked = true;
    // At the end of an invocation something else is left to be said.
    return ports.jobLeases.heartbeat(given, word, Math.max(1, Math.min(answerMs, leftMs() / 2)));
  }

  /** By the clock of whoever counts it may be over earlier; of a short lease a third is kept for that. */
  #termOf(fromMs: number): LeaseTerm {
    const lengthMs = this.seconds * 1_000;
    return { fromMs, untilMs: fromMs + lengthMs - Math.min(clockSkewMs, lengthMs / 3) };
  }
}
