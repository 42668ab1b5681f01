/**
 * The routes of the HTTP API: `lib` makes them, the API function answers them, the OpenAPI document describes them.
 */

export interface JobRoute {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** As API Gateway and OpenAPI both write it. */
  path: string;
  /** `token`: API Gateway lets everybody through, and the function asks for the token of the one task, or of the lease. */
  authorization: 'iam' | 'token';
}

/** By operation id. */
export const jobRoutes = {
  getOpenApi: { method: 'GET', path: '/openapi.json', authorization: 'iam' },
  createUpload: { method: 'POST', path: '/uploads', authorization: 'iam' },
  submitJob: { method: 'POST', path: '/jobs', authorization: 'iam' },
  listJobs: { method: 'GET', path: '/jobs', authorization: 'iam' },
  getJob: { method: 'GET', path: '/jobs/{id}', authorization: 'iam' },
  listTasks: { method: 'GET', path: '/jobs/{id}/tasks', authorization: 'iam' },
  getResults: { method: 'GET', path: '/jobs/{id}/results', authorization: 'iam' },
  cancelJob: { method: 'POST', path: '/jobs/{id}/cancel', authorization: 'iam' },
  retryJob: { method: 'POST', path: '/jobs/{id}/retry', authorization: 'iam' },
  recordTaskResult: { method: 'POST', path: '/jobs/{id}/tasks/{taskId}/result', authorization: 'token' },
  changeJob: { method: 'PATCH', path: '/jobs/{id}', authorization: 'iam' },
  explainJob: { method: 'GET', path: '/jobs/{id}/explain', authorization: 'iam' },
  releaseJob: { method: 'POST', path: '/jobs/{id}/release', authorization: 'iam' },
  heartbeat: { method: 'POST', path: '/jobs/{id}/heartbeat', authorization: 'token' },
  getStep: { method: 'GET', path: '/jobs/{id}/steps/{name}', authorization: 'token' },
  recordStep: { method: 'POST', path: '/jobs/{id}/steps/{name}', authorization: 'token' },
  recordResult: { method: 'POST', path: '/jobs/{id}/result', authorization: 'token' },
  recordFailure: { method: 'POST', path: '/jobs/{id}/failure', authorization: 'token' },
  getLimits: { method: 'GET', path: '/limits', authorization: 'iam' },
  putLimits: { method: 'PUT', path: '/limits', authorization: 'iam' },
  reportCapacity: { method: 'POST', path: '/pools/{group}/capacity', authorization: 'iam' },
  getConcurrencyStats: { method: 'GET', path: '/concurrency/stats', authorization: 'iam' },
  getConfig: { method: 'GET', path: '/config', authorization: 'iam' },
  getDebugSettings: { method: 'GET', path: '/debug/settings', authorization: 'iam' },
  listPipelines: { method: 'GET', path: '/pipelines', authorization: 'iam' },
  getPipeline: { method: 'GET', path: '/pipelines/{group}', authorization: 'iam' },
} as const satisfies Record<string, JobRoute>;

export type JobOperation = keyof typeof jobRoutes;

/** As events of payload format 2.0 name it (`routeKey`). */
export const routeKeyOf = ({ method, path }: JobRoute) => `${method} ${path}` as const;
