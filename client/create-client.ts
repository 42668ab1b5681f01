/** From options to a client. Nothing is looked up or connected before the first call. */
import { Job, TaskInput } from '../lambdas/contract/job.ts';
import { JobPage, TaskPage } from '../lambdas/contract/job-api.ts';
import { ConcurrencyStats, PipelinePage, StageConfig } from '../lambdas/contract/job-api-stage.ts';
import { Explanation, Limits, PoolCapacity } from '../lambdas/contract/lease-api.ts';
import { Api } from './api/api.ts';
import { type Clock, systemClock } from './api/clock.ts';
import { connectionOf } from './api/connection.ts';
import { queuesOf } from './aws/queues.ts';
import type { Interruptible, SluiceClient } from './client.ts';
import { inlineLimit } from './jobs/inline-limit.ts';
import { everyItem } from './jobs/pages.ts';
import { releaseJob } from './jobs/release.ts';
import { ResultLine } from './jobs/result-line.ts';
import { resultsOf, resultTexts } from './jobs/results.ts';
import { retryJob } from './jobs/retry.ts';
import { dryRun, submitAndLook, submitJob } from './jobs/submit.ts';
import { waitForEnd, waitSeconds } from './jobs/wait.ts';
import type { ClientOptions } from './options.ts';
import { sendTasks } from './send/send.ts';

export const createClient = (options: ClientOptions = {}): SluiceClient => clientOf(options, systemClock);

/** `clock`: for tests, which have no time to wait. */
export function clientOf(options: ClientOptions, clock: Clock): SluiceClient {
  const api = new Api(() => connectionOf(options, process.env), clock);
  return {
    ...jobMethods(api, clock),
    ...placementMethods(api),
    ...resultMethods(api, clock),
    ...stageMethods(api),
    ...sending(api, clock),
  };
}

function jobMethods(api: Api, clock: Clock): Pick<SluiceClient, 'submit' | 'wait' | 'submitAndWait' | 'get' | 'cancel' | 'retry'> {
  const inlineTasks = inlineLimit(api);
  const one = async (operation: 'getJob' | 'cancelJob', id: string, { signal }: Interruptible = {}) =>
    (await api.call(operation, Job, { path: { id }, signal })).body;
  return {
    submit: (job, options = {}) => submitJob({ api, clock, inlineTasks, options }, job),
    wait: (id, options = {}) => waitForEnd(api, clock, id, options),
    submitAndWait: async (job, options = {}) => {
      const seen = await submitAndLook({ api, clock, inlineTasks, options }, job, waitSeconds(options));
      if (typeof seen === 'string') return waitForEnd(api, clock, seen, options);
      options.onProgress?.(seen);
      return seen;
    },
    get: (id, options) => one('getJob', id, options),
    cancel: (id, options) => one('cancelJob', id, options),
    retry: (id, options = {}) => retryJob(api, id, options),
  };
}

type PlacementMethod = 'explain' | 'dryRun' | 'change' | 'release' | 'limits' | 'setLimits' | 'reportCapacity';

function placementMethods(api: Api): Pick<SluiceClient, PlacementMethod> {
  return {
    explain: async (id, { signal } = {}) => (await api.call('explainJob', Explanation, { path: { id }, signal })).body,
    dryRun: (job, { signal } = {}) => dryRun(api, job, signal),
    change: async (id, change, { signal } = {}) => (await api.call('changeJob', Job, { path: { id }, body: change, signal })).body,
    release: (id, { signal } = {}) => releaseJob(api, id, signal),
    limits: async ({ signal } = {}) => (await api.call('getLimits', Limits, { signal })).body,
    setLimits: async (limits, { signal } = {}) => (await api.call('putLimits', Limits, { body: limits, signal })).body,
    reportCapacity: async (group, capacity, { signal } = {}) =>
      (await api.call('reportCapacity', PoolCapacity, { path: { group }, body: capacity, signal })).body,
  };
}

function resultMethods(api: Api, clock: Clock): Pick<SluiceClient, 'results' | 'resultLines' | 'tasks' | 'jobs'> {
  function results(id: string, options: Interruptible & { only: 'failed' }): AsyncIterable<TaskInput>;
  function results(id: string, options?: Interruptible & { only?: 'all' }): AsyncIterable<ResultLine>;
  function results(
    id: string,
    { only = 'all', signal }: Interruptible & { only?: 'all' | 'failed' } = {},
  ): AsyncIterable<TaskInput> | AsyncIterable<ResultLine> {
    const query = { id, only, signal };
    return only === 'failed' ? resultsOf(api, clock, query, TaskInput) : resultsOf(api, clock, query, ResultLine);
  }
  return {
    results,
    resultLines: (id, { only = 'all', signal } = {}) => resultTexts(api, clock, { id, only, signal }),
    tasks: (id, { signal, ...filter } = {}) =>
      everyItem(async (after) => {
        const { body } = await api.call('listTasks', TaskPage, { path: { id }, query: { ...filter, limit: 1_000, after }, signal });
        return { items: body.tasks, next: body.next };
      }),
    jobs: ({ signal, ...filter } = {}) =>
      everyItem(async (after) => {
        const { body } = await api.call('listJobs', JobPage, { query: { ...filter, limit: 100, after }, signal });
        return { items: body.jobs, next: body.next };
      }),
  };
}

function stageMethods(api: Api): Pick<SluiceClient, 'stats' | 'config' | 'pipelines' | 'pipeline'> {
  return {
    stats: async ({ signal, ...query } = {}) => (await api.call('getConcurrencyStats', ConcurrencyStats, { query, signal })).body,
    config: async ({ signal } = {}) => (await api.call('getConfig', StageConfig, { signal })).body.settings,
    pipelines: ({ signal } = {}) =>
      everyItem(async (after) => {
        const { body } = await api.call('listPipelines', PipelinePage, { query: { limit: 100, after }, signal });
        return { items: body.pipelines, next: body.next };
      }),
    // By query: a path does not take every character that a group's name may have.
    pipeline: async (group, { signal } = {}) =>
      (await api.call('listPipelines', PipelinePage, { query: { taskGroup: group }, signal })).body.pipelines[0],
  };
}

function sending(api: Api, clock: Clock): Pick<SluiceClient, 'send'> {
  const queues = queuesOf(api);
  return {
    send: async (group, tasks, options = {}) => sendTasks(await queues(group, options.signal), clock, tasks, options),
  };
}
