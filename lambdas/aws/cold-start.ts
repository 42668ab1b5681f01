/** What every handler of ours starts from, once per execution environment. */
import { randomUUID } from 'node:crypto';
import { OwnEnvironment } from '../contract/env.ts';
import { systemClock } from '../framework/clock.ts';
import { parseEnvironment } from '../framework/environment.ts';
import { jsonLog } from '../framework/log.ts';
import { sdkClients } from './clients.ts';
import { createServices, type Services } from './services.ts';

export function coldStart(service: string): Services {
  const environment = parseEnvironment(OwnEnvironment);
  return createServices({
    environment,
    clients: sdkClients(),
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    log: jsonLog(service, environment.SLUICE_SETTINGS.logLevel),
  });
}
