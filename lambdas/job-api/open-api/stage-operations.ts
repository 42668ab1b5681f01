/** The routes that tell of the stage itself in the OpenAPI document. */
import { z } from 'zod';
import * as api from '../../contract/job-api.ts';
import * as stage from '../../contract/job-api-stage.ts';
import type { JobOperation } from '../../contract/job-routes.ts';
import { type Described, ok, responses } from './responses.ts';

const tags = ['stage'];
const settings = ok('Every setting', stage.StageConfig);

export const stageOperations = {
  getOpenApi: {
    tags,
    summary: 'This document',
    requestParams: { query: api.NoQuery },
    responses: responses({ '200': ok('OpenAPI 3.1', z.looseObject({ openapi: z.string() })) }),
  },
  getConcurrencyStats: {
    tags,
    summary: 'Limits, and what is being done with them',
    requestParams: { query: api.StatsQuery },
    responses: responses({ '200': ok('As of now, as far as AWS knows', stage.ConcurrencyStats) }),
  },
  getConfig: {
    tags,
    summary: 'Each setting with its value, unit and source',
    requestParams: { query: api.NoQuery },
    responses: responses({ '200': settings }),
  },
  getDebugSettings: {
    tags,
    summary: 'The same as GET /config',
    requestParams: { query: api.NoQuery },
    responses: responses({ '200': settings }),
  },
  listPipelines: {
    tags,
    summary: 'The pipelines of the task groups',
    requestParams: { query: api.PipelinesQuery },
    responses: responses({ '200': ok('A page of them', stage.PipelinePage) }),
  },
  getPipeline: {
    tags,
    summary: 'The pipeline of one task group',
    description: 'A group with `/` in its name: GET /pipelines?taskGroup=… instead.',
    requestParams: { path: z.object({ group: z.string().min(1).max(255) }), query: api.NoQuery },
    responses: responses({ '200': ok('As it was last seen', stage.PipelineView) }),
  },
} satisfies Partial<Record<JobOperation, Described>>;
