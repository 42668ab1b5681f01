/** What people and programs are shown of jobs. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endingOf } from '../../cli/exit-code.ts';
import { jobId } from '../../cli/jobs/follow.ts';
import { withLines } from '../../cli/jobs/job-progress.ts';
import { failureTable, jobTable, jobText, standing } from '../../cli/jobs/shown.ts';
import { statsText } from '../../cli/jobs/stats-shown.ts';
import { SluiceApiError, SluiceClientError } from '../../client/errors.ts';
import { JobTask } from '../../lambdas/contract/job.ts';
import { ConcurrencyStats } from '../../lambdas/contract/job-api-stage.ts';
import { job } from '../client/job.ts';

const nowMs = Date.parse('2026-11-27T00:05:00Z');

it('lists jobs as a table', () => {
  const rows = jobTable(
    [job(), job({ id: 'j2', status: 'PENDING', taskGroup: undefined, function: 'f', name: 'nightly', total: undefined })],
    nowMs,
  );
  expect(rows.split('\n')[1]).toMatch(/^j1 +RUNNING +A +normal +1\/2 +0 +5 min +-$/);
  expect(rows.split('\n')[2]).toMatch(/^j2 +PENDING +function f +normal +1\/\? +0 +5 min +nightly$/);
});

it('tells everything of one, and nothing that is not so', () => {
  const text = jobText(
    job({ status: 'FAILED', message: '1 of 2 tasks failed, none may', failed: 1, result: { ok: true }, warnings: ['the group is paused'] }),
  );
  expect(text).toMatch(/^job +j1$/m);
  expect(text).toMatch(/^status +FAILED: 1 of 2 tasks failed, none may$/m);
  expect(text).toMatch(/^result +\{"ok":true\}$/m);
  expect(text).toMatch(/^warning +the group is paused$/m);
  expect(text).not.toMatch(/undefined|^cancelled|^retries/m);
});

it('tells why tasks failed, and the line of one that was none', () => {
  const tasks = [
    { n: 3, id: 'order-3', status: 'failed', attempts: 4, error: { class: 'TRANSIENT', message: '503\nfrom the shop', step: 'charge' } },
    { n: 9, status: 'failed', error: { class: 'DATA', message: 'not JSON', line: 12 } },
  ].map((task) => JobTask.parse(task));
  const rows = failureTable(tasks).split('\n');
  expect(rows[1]).toMatch(/^3 +order-3 +TRANSIENT +4 +charge +503 from the shop$/);
  expect(rows[2]).toMatch(/^9 +- +DATA +- +line 12 +not JSON$/);
});

it.each([
  [job({ status: 'PENDING', message: 'starts at noon' }), 'PENDING, starts at noon'],
  [job({ ratePerSecond: 9.5, failed: 1 }), '1 of 2 processed, 1 failed, 9.5/s'],
])('says in a line how one stands', (seen, text) => expect(standing(seen)).toBe(text));

it.each([
  ['j-1', 'j-1'],
  [' /jobs/j1\n', 'j1'],
])('takes %j for an id', (text, id) => expect(jobId(text)).toBe(id));
it('takes no path for an id', () => expect(() => jobId('../config')).toThrow('`sluice jobs` lists them'));

it('says an error of the API without its class, and ends with 1', () => {
  expect(endingOf(new SluiceApiError('priority: must be one', 422, undefined, 1))).toEqual({ code: 1, says: 'priority: must be one' });
  expect(endingOf(new SluiceClientError('nothing to submit'))).toEqual({ code: 1, says: 'nothing to submit' });
});

it('shows the figures of all pages as one', () => {
  const overall = {
    limit: 2,
    inFlight: 1,
    queued: 5,
    stored: 100,
    deadLetters: 0,
    maxParallelJobs: 20,
    maxParallelJobsPerGroup: 2,
    runningJobs: 1,
    dispatcherRuns: true,
    jobs: { PENDING: 3, RUNNING: 1, COMPLETED: 5_000, FAILED: 0, CANCELLED: 0 },
    jobsAreMinimums: true,
    reservedConcurrency: { account: 1_000, own: 69, groups: 2, others: 0, free: 829 },
  };
  const group = (taskGroup: string) => ({
    taskGroup,
    phase: 'Active' as const,
    limit: 2,
    inFlight: 1,
    queued: 5,
    stored: 100,
    oldestAgeSeconds: 90,
    deadLetters: 0,
    mappingRuns: taskGroup !== 'B',
    dispatching: true,
    jobs: { running: 1, waiting: 0 },
  });
  const page = (taskGroup: string) =>
    ConcurrencyStats.parse({ overall, permits: [{ name: 'gpu', total: 2, free: 0, waiting: 4 }], groups: [group(taskGroup)] });
  const text = statsText([page('A'), page('B')]);
  expect(text).toMatch(/^Active +2 +1 +5 +100 +1 min +0 +1 +0 +A$/m);
  expect(text).toMatch(/^Active, not fed .* B$/m);
  expect(text.match(/^gpu +2 +0 +4$/gm)).toHaveLength(1);
  expect(text).toContain('Jobs: 1 of 20 run; at least 3 PENDING, 1 RUNNING, 5000 COMPLETED');
  expect(text).toContain('Reserved concurrency of 1000: 2 by groups, 69 by Sluice, 0 by others, 829 free.');
});

describe('progress where nobody watches', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is a line now and then', async () => {
    let text = '';
    const write = (chunk: string | Uint8Array) => {
      text += String(chunk);
      return true;
    };
    const work = withLines({ write, isTTY: false, columns: 0 }, async (show) => {
      show(job());
      await new Promise((resolve) => setTimeout(resolve, 16_000));
    });
    await vi.advanceTimersByTimeAsync(16_000);
    await work;
    expect(text).toBe('… 1 of 2 processed, 0 failed (2 s)\n… 1 of 2 processed, 0 failed (15 s)\n');
  });
});
