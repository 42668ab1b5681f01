/** A test's jobs: which of them were cancelled, and what was reported of their tasks. */
import type { Report } from '../../lambdas/contract/task-wire.ts';
import type { JobStates, Reports } from '../ports.ts';

export interface MemoryJobs {
  states: JobStates;
  reports: Reports;
  readonly reported: Report[];
  cancel(job: string): void;
}

export function memoryJobs(): MemoryJobs {
  const cancelled = new Set<string>();
  const reported: Report[] = [];
  return {
    states: { isCancelled: async (job) => cancelled.has(job) },
    reports: { send: async (report) => void reported.push(report), flush() {} },
    reported,
    cancel: (job) => void cancelled.add(job),
  };
}
