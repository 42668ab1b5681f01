/** However many tasks there are: what is not kept needs no memory. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { JobAccepted } from '../../lambdas/contract/job.ts';
import { UploadPlace } from '../../lambdas/contract/job-api.ts';
import { StageConfig } from '../../lambdas/contract/job-api-stage.ts';
import { type ApiDouble, apiDouble, reply } from './api-double.ts';

async function stage(): Promise<ApiDouble> {
  const api: ApiDouble = await apiDouble({
    getConfig: () => reply(200, StageConfig, { settings: [{ name: 'maxTasksPerRequest', value: 1_000, source: 'default' }] }),
    submitJob: () => reply(202, JobAccepted, { id: 'j1', status: 'PENDING', message: 'accepted' }),
    createUpload: () => {
      const url = api.bucket.placeOf('u');
      return reply(201, UploadPlace, {
        upload: 'u',
        url,
        method: 'PUT',
        headers: {},
        expiresAt: '2026-11-27T00:00:00Z',
        maxBytes: 10 ** 9,
      });
    },
  });
  api.bucket.count = true;
  return api;
}

/** MiB at most, in a process that has no room for all of them. */
async function peak(api: ApiDouble, count: number): Promise<number> {
  const room = ['--max-old-space-size=96', '--max-semi-space-size=8'];
  const script = fileURLToPath(new URL('./submit-many.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...room, script, api.url, String(count)]);
  expect(api.bucket.counted.get('u')).toBe(count);
  return Number(stdout) / 1_024;
}

it('uploads 200,000 tasks, 200 MB, with no more than it takes for 2,000', { timeout: 120_000 }, async () => {
  const api = await stage();
  const few = await peak(api, 2_000);
  const many = await peak(api, 200_000);
  console.log(`peak memory: ${few.toFixed(0)} MiB for 2,000 tasks, ${many.toFixed(0)} MiB for 200,000`);
  expect(many - few).toBeLessThan(48);
});
