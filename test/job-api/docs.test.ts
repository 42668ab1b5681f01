/** docs/jobs.md tells every kind of problem, every field of a job and a task, every route. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { JobRequest, JobStatus, JobTaskStatus, TaskInput } from '../../lambdas/contract/job.ts';
import { jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { problemKinds } from '../../lambdas/framework/http/problem.ts';

const text = readFileSync(new URL('../../docs/jobs.md', import.meta.url), 'utf8');

it.each(Object.entries(problemKinds))('has a chapter for problem %s, where its type leads', (kind, { status }) => {
  expect(text).toContain(`\n### Problem: ${kind}\n\n${status}. `);
});

it.each([...Object.keys(JobRequest.shape), ...Object.keys(TaskInput.shape), ...JobStatus.options, ...JobTaskStatus.options])(
  'names %s',
  (name) => {
    expect(text).toContain(`\`${name}\``);
  },
);

it.each(Object.values(jobRoutes))('tells of $method $path', ({ path }) => {
  expect(text).toContain(path.replace('{taskId}', '2').replace('{id}/tasks/2', '0b6c1b5e-8f5e-4a43-9d5e-1d9a7c3f1e11/tasks/2'));
});
