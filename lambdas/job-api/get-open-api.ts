/** GET /openapi.json: this API, described. Made once, of the schemas that the code parses with. */
import { NoQuery } from '../contract/job-api.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { openApiDocument } from './open-api/document.ts';
import type { Call } from './route.ts';

let made: unknown;

export async function getOpenApi({ request }: Call): Promise<Answer> {
  queryOf(request, NoQuery);
  made ??= openApiDocument();
  return json(200, made);
}
