/** What a route is given. */
import type { JobApiServices } from '../aws/jobs/job-api-services.ts';
import { JobId } from '../contract/job-api.ts';
import type { Answer } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import type { HttpRequest } from '../framework/http/request.ts';

export interface Call {
  services: JobApiServices;
  request: HttpRequest;
  parameters: ReadonlyMap<string, string>;
  /** When the answer must be on its way; epoch milliseconds. */
  deadlineMs: number;
}

export type RouteHandler = (call: Call) => Promise<Answer>;

export const noSuchJob = (id: string) => new HttpProblem('not-found', `There is no job ${id.slice(0, 64)}, or it is kept no longer`);

export function jobIdOf({ parameters }: Call): string {
  const given = parameters.get('id') ?? '';
  const id = JobId.safeParse(given);
  if (!id.success) throw noSuchJob(given);
  return id.data;
}
