/** From an event to an answer: finds the route, and makes an answer of whatever was thrown on the way. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { JobApiServices } from '../aws/jobs/job-api-services.ts';
import { jobRoutes } from '../contract/job-routes.ts';
import { classOfAwsError } from '../domain/task/classify-aws.ts';
import { type Answer, gatewayResult, problemAnswer } from '../framework/http/answer.ts';
import { HttpProblem } from '../framework/http/problem.ts';
import { type HttpRequest, requestOf } from '../framework/http/request.ts';
import { routeOf } from '../framework/http/routes.ts';
import { errorFields } from '../framework/log.ts';
import { routeHandlers } from './route-handlers.ts';

export function createJobApi(services: JobApiServices) {
  const { log, clock } = services;
  return async (event: unknown, remainingMs: number): Promise<APIGatewayProxyStructuredResultV2> => {
    const startedAtMs = clock.nowMs();
    const request = requestOf(event);
    const answer = await answered(services, request, startedAtMs + remainingMs);
    log.info('answered', { request: request.id, route: request.routeKey, status: answer.status, ms: clock.nowMs() - startedAtMs });
    return gatewayResult(answer);
  };
}

async function answered(services: JobApiServices, request: HttpRequest, deadlineMs: number): Promise<Answer> {
  try {
    const { name, parameters } = routeOf(jobRoutes, request);
    return await routeHandlers[name]({ services, request, parameters, deadlineMs });
  } catch (error) {
    if (error instanceof HttpProblem) return problemAnswer(error);
    services.log.error('request failed', { request: request.id, route: request.routeKey, ...errorFields(error) });
    return problemAnswer(
      isPassing(error)
        ? new HttpProblem('busy', 'AWS takes no more at the moment; try again', [], { 'retry-after': '2' })
        : new HttpProblem('internal', `It is in the log of the function, as request ${request.id}`),
    );
  }
}

/** AWS is throttling, or in trouble: not of the request, and not of ours. */
function isPassing(error: unknown): boolean {
  return classOfAwsError(error) === 'TRANSIENT' || (error instanceof Error && error.cause !== undefined && isPassing(error.cause));
}
