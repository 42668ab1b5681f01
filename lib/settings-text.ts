/** Settings as our functions get them in their environment: what differs from the defaults, which they know themselves. */
import { StageSettings } from '../lambdas/contract/settings.ts';

export function settingsText(settings: StageSettings, leftOut: readonly (keyof StageSettings)[]): string {
  const defaults = new Map(Object.entries<unknown>(StageSettings.parse({ stage: settings.stage })));
  const told = Object.entries<unknown>(settings).filter(
    ([name, value]) => name === 'stage' || JSON.stringify(value) !== JSON.stringify(defaults.get(name)),
  );
  return JSON.stringify(Object.fromEntries(told.filter(([name]) => !leftOut.some((other) => other === name))));
}
