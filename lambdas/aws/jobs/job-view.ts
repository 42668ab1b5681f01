/** A job as it is shown, with the results that belong into the answer itself. */

import { hasEnded, type Job } from '../../contract/job.ts';
import { mostResultBytes, mostResults } from '../../contract/job-api.ts';
import type { JobRow } from '../../contract/job-table.ts';
import type { LeaseRow } from '../../contract/placement-table.ts';
import { apiView } from '../../domain/job/view.ts';
import type { JobServices } from './job-services.ts';
import { taskPage } from './task-pages.ts';

type Parts = Pick<JobServices, 'jobs' | 'tasks' | 'placement' | 'clock'>;

/** `withResults`: of a job that has ended, every task, where they are not too many and not too large. */
export async function viewJob(services: Parts, id: string, { withResults = false } = {}): Promise<Job | undefined> {
  const looked = await services.jobs.look(id);
  if (looked === undefined) return undefined;
  const { row, counts } = looked;
  const [lease, single] = await Promise.all([leaseOf(services, row), row.total === 1 ? onlyTask(services, row) : {}]);
  const job = apiView(row, counts, services.clock.nowMs(), lease);
  if (!withResults || !hasEnded(row.status)) return { ...job, ...single };
  return { ...job, ...single, ...(await allResults(services, row)) };
}

/** Who works for it, of a job that is on a pool. */
export async function leaseOf({ placement }: Pick<Parts, 'placement'>, { job, placed }: JobRow): Promise<LeaseRow | undefined> {
  return placed?.step === 'leased' ? placement.lease(job) : undefined;
}

async function onlyTask({ tasks }: Parts, { job }: JobRow): Promise<Pick<Job, 'result' | 'error'>> {
  const row = await tasks.get(job, 1);
  if (row?.status === 'done') return row.result === undefined ? {} : { result: JSON.parse(row.result) };
  return row?.status === 'failed' && row.error !== undefined ? { error: row.error } : {};
}

async function allResults({ tasks }: Parts, row: JobRow): Promise<Pick<Job, 'results'>> {
  if (row.total === undefined || row.total > mostResults) return {};
  const page = await taskPage(tasks, row, { limit: mostResults, after: 0, maxBytes: mostResultBytes });
  return page.next === undefined ? { results: page.tasks } : {};
}
