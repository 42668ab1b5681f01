/** How zod's schemas are written in the document: named, and without what says too much or too little. */
import { z } from 'zod';
import type { ZodOpenApiOverride } from 'zod-openapi';
import { Job, JobAccepted, JobRequest, JobTask, Problem, TaskError, TaskFile, TaskInput, TaskResult } from '../../contract/job.ts';
import * as api from '../../contract/job-api.ts';
import * as stage from '../../contract/job-api-stage.ts';
import * as lease from '../../contract/lease-api.ts';
import * as placement from '../../contract/placement.ts';
import { ofManyTasks, withBody, withoutBody } from '../../domain/job/needs-rules.ts';

const named = {
  Job,
  JobAccepted,
  JobRequest,
  JobTask,
  Problem,
  TaskError,
  TaskFile,
  TaskInput,
  TaskResult,
  GatewayMessage: api.GatewayMessage,
  UploadPlace: api.UploadPlace,
  JobInput: placement.JobInput,
  Needs: placement.Needs,
  Affinity: placement.Affinity,
  ReportedCapacity: placement.ReportedCapacity,
  Explanation: lease.Explanation,
  LimitFigure: lease.LimitFigure,
  Limits: lease.Limits,
  LeaseAnswer: lease.LeaseAnswer,
  JobFailure: lease.JobFailure,
  FailureAnswer: lease.FailureAnswer,
  PoolStats: stage.PoolStats,
  CustomerStats: stage.CustomerStats,
  GroupStats: stage.GroupStats,
  Pipeline: stage.PipelineView,
};

/** Of a request for a job (domain/job/request-rules.ts, needs-rules.ts). */
const notTogether = [
  ['taskGroup', 'function'],
  ['taskGroup', 'maxOutstanding'],
  ['taskGroup', 'maxRetries'],
  ['runAt', 'delaySeconds'],
  // `tasks` and `file` are not with it as it is one of the three.
  ...[...withoutBody, ...ofManyTasks].filter((field) => field !== 'tasks' && field !== 'file').map((field) => ['body', field]),
];

/** Each of them is written once, and referred to by its name. */
export function nameSchemas(): void {
  for (const [id, schema] of Object.entries(named)) z.globalRegistry.add(schema, { ...z.globalRegistry.get(schema), id });
}

export const override: ZodOpenApiOverride = ({ zodSchema, jsonSchema, io }) => {
  const drop = (...keys: string[]) => {
    for (const key of keys) Reflect.deleteProperty(jsonSchema, key);
  };
  const { type } = zodSchema._zod.def;
  // An answer may have more fields one day, and its times are what they are said to be.
  if (io === 'output') drop(...(type === 'object' ? ['additionalProperties'] : jsonSchema.format === 'date-time' ? ['pattern'] : []));
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) drop('maximum');
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) drop('minimum');
  if (type === 'lazy') drop(...Object.keys(jsonSchema));
  if (zodSchema === JobRequest) {
    jsonSchema.oneOf = [{ required: ['tasks'] }, { required: ['file'] }, { required: ['body'] }];
    jsonSchema.not = { anyOf: notTogether.map((required) => ({ required })) };
    jsonSchema.dependentRequired = Object.fromEntries(withBody.map((field) => [field, ['body']]));
  }
  if (zodSchema === TaskInput) jsonSchema.not = { required: ['runAt', 'delaySeconds'] };
};

/** zod says of any JSON that it is a schema which refers to itself, under a name of its own making. */
const isAnyJson = (name: string) => name.includes('__schema');

export function tidied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(tidied);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) =>
      isAnyJson(key) || (key === '$ref' && typeof inner === 'string' && isAnyJson(inner)) ? [] : [[key, tidied(inner)]],
    ),
  );
}
