/** Secrets by the item's names, read when first asked for and kept for five minutes. Values never reach a log. */
import { ConfigurationError } from '../errors.ts';
import type { Ports } from '../ports.ts';

const keepMs = 5 * 60_000;
/** Who asks later than that does not wait for an answer that may never come. */
const sharedMs = 10_000;

export class SecretCache {
  private readonly values = new Map<string, { value: Promise<string>; untilMs: number }>();
  private readonly ports: Pick<Ports, 'clock' | 'secrets'>;
  private readonly references: Record<string, string>;

  constructor(ports: Pick<Ports, 'clock' | 'secrets'>, references: Record<string, string>) {
    this.ports = ports;
    this.references = references;
  }

  read(name: string): Promise<string> {
    const reference = Object.hasOwn(this.references, name) ? this.references[name] : undefined;
    if (reference === undefined) {
      const known = Object.keys(this.references).join(', ') || 'none';
      return Promise.reject(new ConfigurationError(`secret ${name} is not in the config item's secrets (there: ${known})`));
    }
    const nowMs = this.ports.clock.nowMs();
    const kept = this.values.get(name);
    if (kept && kept.untilMs > nowMs) return kept.value;
    const value = this.ports.secrets.read(reference);
    const asked = { value, untilMs: nowMs + sharedMs };
    this.values.set(name, asked);
    value.then(
      () => {
        asked.untilMs = nowMs + keepMs;
      },
      // A failure is not kept.
      () => this.values.get(name) === asked && this.values.delete(name),
    );
    return value;
  }
}
