/** What a route answers, and how API Gateway takes it. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type HttpProblem, problemKinds } from './problem.ts';

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

export const problemAnswer = (problem: HttpProblem): Answer => ({
  status: problemKinds[problem.kind].status,
  headers: { 'content-type': 'application/problem+json', ...problem.headers },
  body: JSON.stringify(problem.body),
});

/** Nothing of it is the same a second later, and much of it is somebody's own. */
export const gatewayResult = ({ status, headers, body }: Answer): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: { 'cache-control': 'no-store', ...headers },
  body,
});
