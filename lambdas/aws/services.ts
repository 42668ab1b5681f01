/** Everything a function of ours works with, made once at cold start from its environment. */
import type { OwnEnvironment } from '../contract/env.ts';
import { ownReservedConcurrency } from '../contract/settings.ts';
import { type Stage, stageOf } from '../contract/stage.ts';
import type { Clock } from '../framework/clock.ts';
import type { Log } from '../framework/log.ts';
import type { Clients } from './clients.ts';
import { type ConfigTable, configTable } from './config-table.ts';
import { type ControlPlaneBudget, controlPlaneBudget } from './control-plane-budget.ts';
import { type CoolingRecords, coolingRecords } from './cooling-records.ts';
import type { HintQueueUrls } from './hint-queues.ts';
import { type Leases, leases } from './leases.ts';
import { type PipelinesTable, pipelinesTable } from './pipelines-table.ts';
import { type PlacingHints, placingHints } from './placing-hints.ts';
import { type ReleasesTable, releasesTable } from './releases-table.ts';
import { type Reservations, reservations } from './reservations.ts';
import { type StageState, stageState } from './stage-state.ts';
import { tableNames } from './tables.ts';

export interface Services {
  stage: Stage;
  clients: Clients;
  clock: Clock;
  /** 0 up to 1; spreads retries. */
  random: () => number;
  /** A new unique id. */
  newId: () => string;
  log: Log;
  config: ConfigTable;
  pipelines: PipelinesTable;
  releases: ReleasesTable;
  groupLeases: Leases;
  releaseLeases: Leases;
  budget: ControlPlaneBudget;
  reservations: Reservations;
  stageState: StageState;
  coolingRecords: CoolingRecords;
  hintQueues: HintQueueUrls;
  hintPlacing: PlacingHints;
}

export type ServiceInputs = Pick<Services, 'clients' | 'clock' | 'random' | 'newId' | 'log'> & { environment: OwnEnvironment };

export function createServices({ environment, clients, clock, random, newId, log }: ServiceInputs): Services {
  const stage = stageOf(environment);
  const tables = tableNames(environment);
  const { documents } = clients;
  return {
    stage,
    clients,
    clock,
    random,
    newId,
    log,
    config: configTable(documents, tables.config),
    pipelines: pipelinesTable(documents, tables.pipelines),
    releases: releasesTable(documents, tables.releases, tables.pipelines),
    groupLeases: leases(documents, tables.control, 'lease'),
    releaseLeases: leases(documents, tables.control, 'release-lease'),
    budget: controlPlaneBudget(documents, tables.control, stage.settings.controlPlaneBudgetPerSecond, clock, random),
    reservations: reservations(clients, tables.control, clock, ownReservedConcurrency(stage.settings)),
    stageState: stageState(documents, tables.control),
    coolingRecords: coolingRecords(documents, tables.tasks),
    hintQueues: {
      change: environment.SLUICE_CHANGES_QUEUE_URL,
      rollout: environment.SLUICE_ROLLOUTS_QUEUE_URL,
      sweep: environment.SLUICE_SWEEPS_QUEUE_URL,
    },
    hintPlacing: placingHints(clients.sqs, environment.SLUICE_PLACING_QUEUE_URL),
  };
}
