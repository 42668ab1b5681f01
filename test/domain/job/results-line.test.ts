/** What a results file says of one task. */
import { describe, expect, it } from 'vitest';
import { TaskInput } from '../../../lambdas/contract/job.ts';
import { type StoredTask, TaskRow } from '../../../lambdas/contract/job-table.ts';
import { failedLine, resultsLine } from '../../../lambdas/domain/job/results-line.ts';

const endedAtMs = Date.UTC(2026, 0, 1);
const stored: StoredTask = { n: 7, id: 'a', body: { x: 1 } };
const row = (fields: Partial<TaskRow>) => TaskRow.parse({ n: 7, status: 'done', attempt: 1, updatedAtMs: 0, expiresAt: 9, ...fields });
const said = (line: string | undefined) => {
  expect(line?.match(/\n/g)).toHaveLength(1);
  return line?.slice(0, -1);
};

describe('a result', () => {
  const line = (json: string) => said(resultsLine({ n: 7, stored, row: row({ result: json }) }, { json }, endedAtMs));

  it.each([
    ['is laid in as it was reported', '{"a":[1,2]}', '{"a":[1,2]}'],
    ['keeps a number no double holds', '12345678901234567890', '12345678901234567890'],
    ['loses the line ends between its parts', '{\r\n  "a": 1\n}', '{   "a": 1 }'],
    ['keeps those within its texts', '"a\\nb"', '"a\\nb"'],
    ['becomes a text where it is no JSON', 'done\n}', '"done\\n}"'],
    ['becomes a text where it is nothing', '', '""'],
  ])('%s', (_, json, laid) => {
    expect(line(json)).toBe(`{"n":7,"id":"a","status":"done","result":${laid}}`);
    expect(() => JSON.parse(line(json) ?? '')).not.toThrow();
  });
});

describe('a failed task', () => {
  const error = { class: 'DATA' as const, message: 'no price', step: 'load' };
  const failed = row({ status: 'failed', attempt: 3, error });

  it('comes with what it takes to submit it again', () => {
    const full: StoredTask = { ...stored, runAtMs: endedAtMs + 1, timeoutSeconds: 9, messageGroup: 'g' };
    const task = { id: 'a', body: { x: 1 }, runAt: '2026-01-01T00:00:00.001Z', timeoutSeconds: 9, messageGroup: 'g' };
    const line = said(resultsLine({ n: 7, stored: full, row: failed }, undefined, endedAtMs));
    expect(JSON.parse(line ?? '')).toEqual({ n: 7, id: 'a', status: 'failed', attempts: 3, error, task });
    expect(JSON.parse(said(failedLine({ n: 7, stored: full, row: failed }, endedAtMs)) ?? '')).toEqual(task);
    expect(TaskInput.parse(task)).toEqual(task);
  });

  it('starts at once when it is submitted again after its time', () => {
    const line = failedLine({ n: 7, stored: { ...stored, runAtMs: endedAtMs }, row: failed }, endedAtMs);
    expect(JSON.parse(line ?? '')).toEqual({ id: 'a', body: { x: 1 } });
  });

  it('has no task where its line was no task, and cannot be submitted again', () => {
    const bad = row({ status: 'failed', attempt: 0, error: { class: 'DATA', message: 'is no JSON', line: 9 } });
    expect(JSON.parse(said(resultsLine({ n: 7, row: bad }, undefined, endedAtMs)) ?? '')).toEqual({
      n: 7,
      status: 'failed',
      attempts: 0,
      error: { class: 'DATA', message: 'is no JSON', line: 9 },
    });
    expect(failedLine({ n: 7, row: bad }, endedAtMs)).toBeUndefined();
  });
});

it.each([
  ['was never sent', undefined],
  ['was sent and never ended', row({ status: 'queued' })],
  ['was to come back', row({ status: 'retrying', error: { class: 'TRANSIENT', message: 'busy' } })],
])('a task that %s is cancelled', (_, known) => {
  expect(said(resultsLine({ n: 7, stored, row: known }, undefined, endedAtMs))).toBe('{"n":7,"id":"a","status":"cancelled"}');
  expect(failedLine({ n: 7, stored, row: known }, endedAtMs)).toBeUndefined();
});
