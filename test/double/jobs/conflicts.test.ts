/** Transactions that meet others at the same items are made again: nobody waits a minute for the sweep because of one. */
import { expect, it } from 'vitest';
import { DispatchStage } from './dispatch-stage.ts';
import { differences, jobRow } from './recount.ts';

const tasks = (count: number) => Array.from({ length: count }, () => ({}));

it('a job of a group goes on without a pause, and has nothing sent twice', async () => {
  const stage = new DispatchStage({ mishaps: { conflict: 0.2 } });
  const acme = stage.group('acme', { concurrency: 10, taskMs: () => 100 });
  const job = await stage.submit({ taskGroup: 'acme' }, tasks(1_500));
  let sent = 0;
  stage.aws.log.watch = ({ operation, input }) => {
    if (operation === 'SendMessageBatch') sent += (input['Entries'] as unknown[]).length;
  };
  expect(await stage.end([job], 50)).toEqual(['COMPLETED']);
  expect(sent).toBe(1_500);
  expect(acme.runs).toHaveLength(1_500);
  expect(stage.logged).toEqual([]);
  expect(differences(stage.aws, job)).toEqual([]);
});

it('a job becomes ready, starts, is retried and is cancelled through them', async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const stage = new DispatchStage({ seed, mishaps: { conflict: 0.4 } });
    stage.group('acme', { ending: ({ redrives, n }) => (redrives === 0 && n === 1 ? 'permanent' : 'done') });
    const services = stage.faultyServices();
    const job = await stage.submit({ taskGroup: 'acme', delaySeconds: 5 }, tasks(3));
    expect(await stage.end([job], 50)).toEqual(['FAILED']);
    expect(await stage.wait(services.jobs.retry(jobRow(stage.aws, job)))).toBe(true);
    await stage.wait(services.hints.schedule());
    expect(await stage.end([job], 50)).toEqual(['COMPLETED']);
    const next = await stage.submit({ taskGroup: 'acme', delaySeconds: 500 }, tasks(3));
    expect(await stage.wait(services.jobs.cancel(jobRow(stage.aws, next)))).toBe(true);
  }
});
