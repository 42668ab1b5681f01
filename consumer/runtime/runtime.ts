/** What one environment of a consumer keeps between invocations. Made once, at its first batch. */
import { firstTurns, type Turns } from '../../lambdas/domain/task/spacing.ts';
import type { Ports } from '../ports.ts';
import type { ConsumerSettings } from './consumer-settings.ts';
import { CoolingView } from './cooling-view.ts';
import type { Definition } from './definition.ts';
import { SecretCache } from './secret-cache.ts';

export interface Runtime {
  definition: Definition;
  settings: ConsumerSettings;
  ports: Ports;
  turns: Turns;
  cooling: CoolingView;
  secrets: SecretCache;
  /** How long tasks take here, smoothed; 0 until one has run. */
  typicalMs: number;
}

/** `bornMs`: when the environment came up, monotonic; a fresh one waits one spacing from then. */
export function createRuntime(definition: Definition, settings: ConsumerSettings, ports: Ports, bornMs: number): Runtime {
  return {
    definition,
    settings,
    ports,
    turns: firstTurns(settings.rate, bornMs),
    cooling: new CoolingView(ports, settings),
    secrets: new SecretCache(ports, settings.secrets),
    typicalMs: 0,
  };
}

export function noteDuration(runtime: Runtime, ms: number): void {
  // 0 is kept for "unknown".
  const took = Math.max(ms, 0.001);
  runtime.typicalMs = runtime.typicalMs === 0 ? took : runtime.typicalMs * 0.8 + took * 0.2;
}
