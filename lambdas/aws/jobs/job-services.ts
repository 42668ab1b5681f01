/** Everything a function of the job service works with, made once at cold start from its environment. */
import { randomUUID } from 'node:crypto';
import { JobEnvironment } from '../../contract/env.ts';
import { systemClock } from '../../framework/clock.ts';
import { parseEnvironment } from '../../framework/environment.ts';
import { jsonLog } from '../../framework/log.ts';
import { sdkClients } from '../clients.ts';
import { type Leases, leases } from '../leases.ts';
import { type PlacementStore, placementStore } from '../placement/placement-store.ts';
import { createServices, type ServiceInputs, type Services } from '../services.ts';
import { waitingChanges } from './change-waiting.ts';
import { type DispatchState, dispatchState } from './dispatch-state.ts';
import { type JobHints, jobHints } from './job-hints.ts';
import { type JobsTable, jobsTable } from './jobs-table.ts';
import { type Lifecycle, lifecycle } from './lifecycle.ts';
import { type Outbox, outbox } from './outbox.ts';
import { type Slots, slots } from './slots.ts';
import { type TaskRows, taskRows } from './task-rows.ts';
import { type WaitingLists, waitingLists } from './waiting-lists.ts';

export interface JobServices extends Services {
  jobEnvironment: JobEnvironment;
  jobs: JobsTable & Lifecycle & ReturnType<typeof waitingChanges>;
  tasks: TaskRows;
  slots: Slots;
  lists: WaitingLists;
  dispatchState: DispatchState;
  outbox: Outbox;
  /** Jobs that state needs. */
  placement: PlacementStore;
  hints: JobHints;
  /** One dispatcher per target, one reader per file. */
  dispatchLeases: Leases;
  intakeLeases: Leases;
}

export type JobServiceInputs = Omit<ServiceInputs, 'environment'> & { environment: JobEnvironment };

/** Rows of tasks are kept for longer than their job, whose end is not known when they are written. */
const spareSeconds = 15 * 86_400;

export function createJobServices(inputs: JobServiceInputs): JobServices {
  const { environment, clients, clock, random } = inputs;
  const { documents } = clients;
  const table = environment.SLUICE_JOBS_TABLE;
  const world = { clock, random };
  const retentionSeconds = environment.SLUICE_SETTINGS.jobRetentionDays * 86_400;
  const keepSeconds = retentionSeconds + spareSeconds;
  const running = slots(documents, table);
  const tasks = taskRows(documents, table, keepSeconds, world);
  const { leaseSeconds, retryJobs, notifyJobs } = environment.SLUICE_SETTINGS;
  const placement = placementStore({
    documents,
    jobsTable: table,
    tasksTable: environment.SLUICE_TASKS_TABLE,
    tasks,
    retentionSeconds,
    leaseSeconds,
    retryJobs,
    notifyJobs,
    world,
  });
  const options = {
    documents,
    jobsTable: table,
    tasksTable: environment.SLUICE_TASKS_TABLE,
    slots: running,
    outbox: outbox(documents, table),
    retentionSeconds,
    world,
  };
  return {
    ...createServices(inputs),
    jobEnvironment: environment,
    jobs: { ...jobsTable(documents, table, world, placement.first), ...lifecycle(options), ...waitingChanges(documents, table, world) },
    tasks,
    slots: running,
    lists: waitingLists(documents, table),
    dispatchState: dispatchState(documents, table, keepSeconds, world),
    outbox: outbox(documents, table),
    placement,
    hints: jobHints(clients.sqs, environment),
    dispatchLeases: leases(documents, environment.SLUICE_CONTROL_TABLE, 'dispatch-lease'),
    intakeLeases: leases(documents, environment.SLUICE_CONTROL_TABLE, 'intake-lease'),
  };
}

export function jobColdStart(service: string): JobServices {
  const environment = parseEnvironment(JobEnvironment);
  return createJobServices({
    environment,
    clients: sdkClients(),
    clock: systemClock,
    random: Math.random,
    newId: randomUUID,
    log: jsonLog(service, environment.SLUICE_SETTINGS.logLevel),
  });
}
