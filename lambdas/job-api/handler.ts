/** The job API behind API Gateway: every route of it (contract/job-routes.ts). */
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda';
import { jobApiColdStart } from '../aws/jobs/job-api-services.ts';
import { createJobApi } from './api.ts';

const answer = createJobApi(jobApiColdStart('job-api'));

export const handler = (event: unknown, context: Context): Promise<APIGatewayProxyStructuredResultV2> =>
  answer(event, context.getRemainingTimeInMillis());
