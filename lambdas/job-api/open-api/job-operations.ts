/** The routes of jobs in the OpenAPI document. */
import { z } from 'zod';
import { Job, JobAccepted, JobRequest, TaskResult } from '../../contract/job.ts';
import * as api from '../../contract/job-api.ts';
import type { JobOperation } from '../../contract/job-routes.ts';
import { Explanation } from '../../contract/lease-api.ts';
import { type Described, jobHeaders, ok, preferHeader, responses, retryAfterHeaders, submitHeaders, withBody } from './responses.ts';

const tags = ['jobs'];
export const ofJob = z.object({ id: api.JobId });
const ofTask = z.object({ id: api.JobId, taskId: api.TaskNumber });
export const jsonOf = (schema: z.ZodType) => ({ required: true, content: { 'application/json': { schema } } });
export const looked = ok('As it is now', Job, jobHeaders);

export const jobOperations = {
  createUpload: {
    tags,
    summary: 'A place for a file of tasks: NDJSON, a task a line, plain or gzip',
    requestParams: { query: api.NoQuery },
    responses: responses({ '201': ok('PUT the file there', api.UploadPlace) }),
  },
  submitJob: {
    tags,
    summary: 'Submit a job',
    description: 'Answered once the job is stored, and before anything is sent.',
    requestParams: {
      query: api.SubmitQuery,
      header: preferHeader.extend({
        'Idempotency-Key': api.IdempotencyKey.optional().describe('A repeat with the same key and request gives the same job'),
      }),
    },
    requestBody: jsonOf(JobRequest),
    responses: responses(
      {
        '200': ok(
          'It was waited for, and it has ended: with its results, up to 1,000 tasks. With `dryRun`: what would become of it',
          z.union([Job, Explanation]),
          // A dry run has none: there is no job.
          submitHeaders.partial(),
        ),
        '202': ok('It is stored', JobAccepted, submitHeaders),
      },
      withBody(409),
    ),
  },
  listJobs: {
    tags,
    summary: 'Jobs, the newest first',
    requestParams: { query: api.ListJobsQuery },
    responses: responses({ '200': ok('A page of them', api.JobPage) }),
  },
  getJob: {
    tags,
    summary: 'How a job stands',
    requestParams: { path: ofJob, query: api.NoQuery, header: preferHeader },
    responses: responses({ '200': looked }),
  },
  listTasks: {
    tags,
    summary: 'The tasks of a job, by their numbers',
    requestParams: { path: ofJob, query: api.ListTasksQuery },
    responses: responses({ '200': ok('A page of them', api.TaskPage) }),
  },
  getResults: {
    tags,
    summary: 'A file of every task with its result, or of the failed ones in a form that can be submitted again',
    requestParams: { path: ofJob, query: api.ResultsQuery },
    responses: responses(
      { '200': ok('Where it is', api.ResultsPlace), '202': ok('It is being written', api.ResultsPending, retryAfterHeaders) },
      [409],
    ),
  },
  cancelJob: {
    tags,
    summary: 'Cancel a job: what has not started never runs',
    requestParams: { path: ofJob, query: api.NoQuery },
    responses: responses({ '200': looked }, [409]),
  },
  retryJob: {
    tags,
    summary: 'Try the failed tasks of a job that has ended again',
    requestParams: { path: ofJob, query: api.RetryQuery },
    responses: responses({ '200': looked }, [409, 422]),
  },
  recordTaskResult: {
    tags,
    summary: 'How a task of a function ended',
    description: 'For whoever was given the token of the task; needs no rights of AWS.',
    requestParams: { path: ofTask, query: api.NoQuery },
    requestBody: jsonOf(TaskResult),
    responses: responses({ '200': ok('Whether it counts', api.CallbackAnswer) }, withBody(401)),
  },
} satisfies Partial<Record<JobOperation, Described>>;
