/** GET /pipelines and GET /pipelines/{group}: what exists for the task groups, and how it stands. */
import { pipelinePage } from '../aws/jobs/pipeline-pages.ts';
import { NoQuery, PipelinesQuery } from '../contract/job-api.ts';
import type { PipelinePage } from '../contract/job-api-stage.ts';
import { pipelineView } from '../domain/job/pipeline-view.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { queryOf } from '../framework/http/query.ts';
import type { Call } from './route.ts';

const ordinaryPage = 50;

export async function listPipelines({ services, request }: Call): Promise<Answer> {
  const { taskGroup, limit = ordinaryPage, after } = queryOf(request, PipelinesQuery);
  const nowMs = services.clock.nowMs();
  if (taskGroup !== undefined) {
    const row = await services.pipelines.get(taskGroup);
    return json(200, { pipelines: row === undefined ? [] : [pipelineView(row, nowMs)] } satisfies PipelinePage);
  }
  const { clients, jobEnvironment } = services;
  const { rows, next } = await pipelinePage(clients.documents, jobEnvironment.SLUICE_PIPELINES_TABLE, limit, after);
  const pipelines = rows.map((row) => pipelineView(row, nowMs));
  return json(200, { pipelines, ...(next === undefined ? {} : { next }) } satisfies PipelinePage);
}

export async function getPipeline({ services, request, parameters }: Call): Promise<Answer> {
  queryOf(request, NoQuery);
  const group = parameters.get('group') ?? '';
  const row = group === '' || group.length > 255 ? undefined : await services.pipelines.get(group);
  if (row !== undefined) return json(200, pipelineView(row, services.clock.nowMs()));
  throw new HttpProblem(
    'not-found',
    'There is no pipeline of this task group; one is made soon after its item is written to the config table',
  );
}
