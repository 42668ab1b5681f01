/** The OpenAPI document, of the routes and the schemas that the code parses with. docs/openapi.json is a copy; a test keeps it one. */
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { type JobOperation, type JobRoute, jobRoutes } from '../../contract/job-routes.ts';
import { jobOperations } from './job-operations.ts';
import { placementOperations } from './placement-operations.ts';
import { nameSchemas, override, tidied } from './rendering.ts';
import type { Described } from './responses.ts';
import { stageOperations } from './stage-operations.ts';

const operations: Record<JobOperation, Described> = { ...jobOperations, ...placementOperations, ...stageOperations };

export function openApiDocument(): unknown {
  nameSchemas();
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Sluice: jobs',
        version: '1',
        description: 'Hand in many tasks at once, follow them to the end. docs/jobs.md tells it in words.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: "The stage's output ApiUrl" }],
      tags: [
        { name: 'jobs', description: 'Submit, follow, cancel, retry' },
        { name: 'pools', description: 'Jobs that state needs: explain, change, release; limits; what a pool can take' },
        { name: 'leases', description: 'For whoever works for a placed job, with the token of its lease' },
        { name: 'stage', description: 'What the stage is and does' },
      ],
      paths: paths(),
      components: { securitySchemes },
    },
    // Emptied by the override: any JSON.
    { override, allowEmptySchema: { lazy: true } },
  );
  return tidied(document);
}

function paths(): ZodOpenApiPathsObject {
  const all: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const [operationId, { path, method, authorization }] of routes) {
    const operation = { operationId, ...operations[operationId], security: [{ [authorization]: [] }] };
    all[path] = { ...all[path], [method.toLowerCase()]: operation };
  }
  return all;
}
/** Keys of a record that is written out once. */
const routes = Object.entries(jobRoutes) as [JobOperation, JobRoute][];

const securitySchemes = {
  iam: {
    type: 'apiKey',
    name: 'Authorization',
    in: 'header',
    description: 'AWS Signature Version 4, service execute-api; the caller needs execute-api:Invoke',
    'x-amazon-apigateway-authtype': 'awsSigv4',
  },
  token: { type: 'http', scheme: 'bearer', description: 'The token that came with the task, or with the lease of a placed job' },
} as const;
