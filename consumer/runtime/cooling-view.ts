/**
 * The group's cooling as this environment sees it: read at most once a second, in the background while a task waits or
 * runs, so that looking costs no time; and made by whoever is refused.
 */
import { type CoolingRecord, longCoolingSeconds } from '../../lambdas/contract/task-table.ts';
import { coolingSeconds } from '../../lambdas/domain/task/back-off.ts';
import type { Ports } from '../ports.ts';
import type { ConsumerSettings } from './consumer-settings.ts';

const freshMs = 1_000;
/** Older than this is not believed: the environment was frozen. */
const staleMs = 5_000;
/** "Come again at once" would come again at once until SQS gives the task up. */
const leastSeconds = 1;
/** Some targets send a moment (seconds since 1970) where seconds belong. */
const mostSeconds = 86_400;
/** A refusal this long after the last cooling ended is the first of a new row. */
const rowEndsMs = 60_000;

export class CoolingView {
  private readonly ports: Pick<Ports, 'clock' | 'cooling'>;
  private readonly settings: Pick<ConsumerSettings, 'group' | 'pipeline'>;
  private known: CoolingRecord | undefined;
  private readAtMs = Number.NEGATIVE_INFINITY;
  private reading: Promise<void> | undefined;
  private hintedUntilMs = 0;
  /** Coolings made here: what was read meanwhile may be older. */
  private made = 0;

  constructor(ports: Pick<Ports, 'clock' | 'cooling'>, settings: Pick<ConsumerSettings, 'group' | 'pipeline'>) {
    this.ports = ports;
    this.settings = settings;
  }

  /** When the group may start again, as far as is known; a moment past: now. */
  get untilMs(): number {
    return this.known?.untilMs ?? 0;
  }

  /** Nothing was read yet: a fresh environment. */
  get isUnknown(): boolean {
    return this.readAtMs === Number.NEGATIVE_INFINITY;
  }

  /** Looks again, if that is due. What is returned must be awaited first: nothing is known, or it is too old. */
  look(nowMs: number): Promise<void> | undefined {
    const ageMs = nowMs - this.readAtMs;
    if (ageMs > freshMs) this.reading ??= this.refresh();
    // Before tasks are put back for it, it must be true: an operator may have ended it.
    const mustBeTrue = ageMs > staleMs || (ageMs > freshMs && this.untilMs > nowMs);
    return mustBeTrue ? this.reading : undefined;
  }

  /** Cools the whole group; returns when it may start again. Without `seconds` by our own back-off. */
  async cool(seconds: number | undefined, message: string): Promise<number> {
    const nowMs = this.ports.clock.nowMs();
    const inRow = this.known !== undefined && nowMs < this.known.untilMs + rowEndsMs;
    const streak = seconds === undefined ? (inRow ? (this.known?.streak ?? 0) : 0) + 1 : 0;
    const wishedMs = nowMs + 1_000 * Math.min(mostSeconds, Math.max(leastSeconds, seconds ?? coolingSeconds(streak)));
    // Where it cannot be told to the others it holds at least here.
    const mine: CoolingRecord = { untilMs: wishedMs, lastLimitedAtMs: nowMs, message, streak, expiresAt: 0 };
    const known = await this.ports.cooling.cool(this.settings.pipeline, mine, nowMs).catch(() => mine);
    this.known = known;
    this.made += 1;
    this.readAtMs = nowMs;
    await this.hint(nowMs, known.untilMs).catch(() => undefined);
    return known.untilMs;
  }

  /** The reconciler notes it, and stops the mapping for a long one. Not for every refusal of a burst: only news count. */
  private async hint(nowMs: number, untilMs: number): Promise<void> {
    const news = untilMs - this.hintedUntilMs > 1_000 * Math.min(longCoolingSeconds, Math.max(5, (untilMs - nowMs) / 4_000));
    if (!news) return;
    this.hintedUntilMs = untilMs;
    await this.ports.cooling.hint(this.settings.group);
  }

  private async refresh(): Promise<void> {
    const { made } = this;
    try {
      const read = await this.ports.cooling.read(this.settings.pipeline);
      if (made === this.made) this.known = read;
    } catch {
      // Not known is no reason to stop: the target says it again.
    } finally {
      this.readAtMs = this.ports.clock.nowMs();
      this.reading = undefined;
    }
  }
}
