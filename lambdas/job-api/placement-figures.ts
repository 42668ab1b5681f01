/** What GET /concurrency/stats says of jobs that state needs. Read in bounded pieces, but for those that wait and run, which are all counted. */
import type { PlacementStats } from '../contract/job-api-stage.ts';
import { needsTarget } from '../contract/job-messages.ts';
import { placementStats } from '../domain/job/placement-stats.ts';
import { isPlaced } from '../domain/placement/placed-job.ts';
import { readBook } from './read-book.ts';
import type { Call } from './route.ts';

const mostJobs = 1_000;
const dayMs = 86_400_000;

export async function placementFigures({ placement, jobs }: Call['services'], nowMs: number): Promise<PlacementStats | undefined> {
  const [book, pending, ended] = await Promise.all([
    readBook(placement, nowMs),
    jobs.list({ target: needsTarget, status: 'PENDING', limit: mostJobs }),
    jobs.list({ target: needsTarget, status: 'FAILED', fromMs: nowMs - dayMs, limit: mostJobs }),
  ]);
  return placementStats({
    book,
    retrying: pending.rows.filter(isPlaced).filter(({ placed }) => placed.step === 'later' && placed.failures > 0),
    failed: ended.rows.filter(isPlaced),
    areMinimums: pending.next !== undefined || ended.next !== undefined,
    nowMs,
  });
}
