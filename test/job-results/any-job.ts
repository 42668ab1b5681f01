/** Jobs whose tasks have come to anything they can come to, and what their results are to say, told once more in other words. */
import fc from 'fast-check';
import { type StoredTask, TaskRow } from '../../lambdas/contract/job-table.ts';
import type { JobStage } from '../double/job-stage.ts';

export interface AnyTask {
  id: string | undefined;
  body: unknown;
  end: 'done' | 'large' | 'lost' | 'empty' | 'failed' | 'bad' | 'queued' | 'retrying' | 'none';
  result: unknown;
}

const json = fc.jsonValue({ maxDepth: 2 });
const ends = ['done', 'large', 'lost', 'empty', 'failed', 'bad', 'queued', 'retrying', 'none'] as const;

export const anyTask: fc.Arbitrary<AnyTask> = fc.record({
  id: fc.option(fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }), { nil: undefined }),
  body: json,
  end: fc.constantFrom(...ends),
  result: json,
});
export const anyTasks = fc.array(anyTask, { minLength: 1, maxLength: 40 });

export const endedAtMs = Date.UTC(2026, 0, 1);

/** As intake, dispatcher and progress leave them; some results as another library than ours may write them. */
export function putTasks(stage: JobStage, tasks: readonly AnyTask[]): void {
  const total = tasks.length;
  stage.putJob({ job: 'job1', total, endedAtMs }, 'CANCELLED');
  stage.putTaskFile(
    'job1',
    tasks.flatMap((task, i) => (task.end === 'bad' ? [] : [storedOf(task, i + 1)])),
  );
  for (const [i, task] of tasks.entries()) {
    const row = rowOf(task, i + 1);
    if (row) stage.putTaskRow('job1', row);
    if (task.end === 'large') stage.putObject(`results/job1/${i + 1}-0.json`, JSON.stringify(task.result, null, 2));
  }
}

const storedOf = ({ id, body }: AnyTask, n: number) => ({ n, ...(id === undefined ? {} : { id }), body }) as StoredTask;

function rowOf({ id, end, result }: AnyTask, n: number): TaskRow | undefined {
  const common = { n, ...(id === undefined ? {} : { id }), attempt: 2, updatedAtMs: endedAtMs, expiresAt: 4_000_000_000 };
  const row = (fields: object) => TaskRow.parse({ ...common, ...fields });
  switch (end) {
    case 'done':
      return row({ status: 'done', result: JSON.stringify(result) });
    case 'large':
    case 'lost':
      return row({ status: 'done', resultKey: `results/job1/${n}-0.json` });
    case 'empty':
      return row({ status: 'done' });
    case 'failed':
      return row({ status: 'failed', error: { class: 'DATA', message: `task ${n}`, step: 'load' } });
    case 'bad':
      return row({ status: 'failed', attempt: 0, error: { class: 'DATA', message: 'is no JSON', line: n } });
    case 'queued':
    case 'retrying':
      return row({ status: end });
    case 'none':
      return undefined;
  }
}

export function expectedLines(tasks: readonly AnyTask[]): unknown[] {
  return tasks.map(({ id, body, end, result }, i) => {
    const n = i + 1;
    const named = id === undefined ? { n } : { n, id };
    const parsed = JSON.parse(JSON.stringify({ body, result }));
    switch (end) {
      case 'done':
      case 'large':
        return { ...named, status: 'done', result: parsed.result };
      case 'lost':
        return { ...named, status: 'done', resultLost: true };
      case 'empty':
        return { ...named, status: 'done' };
      case 'failed': {
        const task = { ...(id === undefined ? {} : { id }), body: parsed.body };
        return { ...named, status: 'failed', attempts: 2, error: { class: 'DATA', message: `task ${n}`, step: 'load' }, task };
      }
      case 'bad':
        return { ...named, status: 'failed', attempts: 0, error: { class: 'DATA', message: 'is no JSON', line: n } };
      default:
        return { ...named, status: 'cancelled' };
    }
  });
}

export const expectedFailed = (tasks: readonly AnyTask[]): unknown[] =>
  tasks.flatMap(({ id, body, end }) =>
    end === 'failed' ? [JSON.parse(JSON.stringify({ ...(id === undefined ? {} : { id }), body }))] : [],
  );
