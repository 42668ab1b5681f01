/** The document says of every route what it takes and answers, and docs/openapi.json is the same. To write it anew: `-u`. */
import { expect, it } from 'vitest';
import { z } from 'zod';
import { type JobRoute, jobRoutes } from '../../lambdas/contract/job-routes.ts';
import { openApiDocument } from '../../lambdas/job-api/open-api/document.ts';
import { ApiWorld } from './api-world.ts';

const Document = z.object({
  openapi: z.string(),
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        security: z.array(z.record(z.string(), z.array(z.string()))),
        responses: z.record(z.string(), z.unknown()),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});
const document = Document.parse(openApiDocument());

it('is the one in docs', async () => {
  await expect(`${JSON.stringify(openApiDocument(), null, 2)}\n`).toMatchFileSnapshot('../../docs/openapi.json');
});

it('is served', async () => {
  const { status, body } = await new ApiWorld().call('GET', '/openapi.json');
  expect(status).toBe(200);
  expect(body).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

it('has every route, with who may call it', () => {
  for (const [operationId, { method, path, authorization }] of Object.entries<JobRoute>(jobRoutes))
    expect(document.paths[path]?.[method.toLowerCase()]).toMatchObject({ operationId, security: [{ [authorization]: [] }] });
  expect(Object.values(document.paths).flatMap(Object.keys)).toHaveLength(Object.keys(jobRoutes).length);
});

it('has every answer that any route may give, those of API Gateway among them', () => {
  for (const operation of Object.values(document.paths).flatMap((path) => Object.values(path)))
    expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '403', '404', '405', '429', '500', '503']));
  expect(Object.keys(document.paths['/jobs']?.['post']?.responses ?? {})).toEqual(
    expect.arrayContaining(['200', '202', '409', '413', '415', '422']),
  );
});

it('refers to nothing that is not there, and names nothing that is not referred to', () => {
  const text = JSON.stringify(openApiDocument());
  const referred = new Set([...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name));
  expect([...referred].sort()).toEqual(Object.keys(document.components.schemas).sort());
});
