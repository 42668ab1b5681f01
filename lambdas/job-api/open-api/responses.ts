/** What operations have in common in the OpenAPI document: their answers when something is wrong, and their headers. */
import { z } from 'zod';
import type { ZodOpenApiOperationObject, ZodOpenApiResponseObject, ZodOpenApiResponsesObject } from 'zod-openapi';
import { Problem } from '../../contract/job.ts';
import { GatewayMessage } from '../../contract/job-api.ts';

export type Described = ZodOpenApiOperationObject;

const problemContent = { 'application/problem+json': { schema: Problem } };
const gatewayContent = { 'application/json': { schema: GatewayMessage } };

const problem = (description: string): ZodOpenApiResponseObject => ({ description, content: problemContent });
/** Of us or of API Gateway, which answer alike. */
const either = (description: string): ZodOpenApiResponseObject => ({ description, content: { ...problemContent, ...gatewayContent } });

const wrong = {
  400: problem('It cannot be read: not JSON, nested too deep, or a query parameter or header that is not as it must be'),
  401: problem('The token is missing; of a lease: it is not of this job, or there is no such job'),
  403: either('API Gateway refused the signature, or the caller may not invoke this route; of a callback: the token is not of this task'),
  404: either('There is no such job, task, task group or path'),
  405: either('The path does not take this method; `Allow` says which'),
  409: problem('Not in the state that it is in'),
  413: either('The body is too large: from 2 MB on tasks belong into a file (POST /uploads)'),
  415: problem('The body is said to be something else than JSON'),
  422: problem('It can be read and breaks a rule; `errors` names every field at fault'),
  429: { description: 'API Gateway throttles', content: gatewayContent },
  500: either('Something of ours failed; the log of the function says what'),
  503: either('AWS takes no more at the moment, or the answer took too long'),
} as const;

/** Of every route. */
const always = [400, 403, 404, 405, 429, 500, 503] as const;
const ofBodies = [413, 415, 422] as const;

export function responses(good: ZodOpenApiResponsesObject, besides: readonly (keyof typeof wrong)[] = []): ZodOpenApiResponsesObject {
  const numbers = [...new Set([...always, ...besides])].sort((a, b) => a - b);
  return { ...good, ...Object.fromEntries(numbers.map((status) => [String(status), wrong[status]])) };
}
export const withBody = (...besides: (keyof typeof wrong)[]) => [...ofBodies, ...besides];

export const ok = (description: string, schema: z.ZodType, headers?: z.ZodObject): ZodOpenApiResponseObject => ({
  description,
  content: { 'application/json': { schema } },
  ...(headers === undefined ? {} : { headers }),
});

const seconds = z.string().meta({ description: 'Seconds after which it is worth looking again' });
const applied = z.string().meta({ description: '`wait` or `respond-async`: which preference was followed' });
export const retryAfterHeaders = z.object({ 'Retry-After': seconds.optional() });
export const jobHeaders = z.object({ 'Retry-After': seconds.optional(), 'Preference-Applied': applied.optional() });
export const submitHeaders = z.object({
  Location: z.string().meta({ description: '`/jobs/{id}`' }),
  'Retry-After': seconds.optional(),
  'Preference-Applied': applied.optional(),
});

const preferText = 'RFC 7240: `wait=20` waits up to so many seconds (25 at most) for the end of the job; `respond-async` does not wait';
export const preferHeader = z.object({ Prefer: z.string().optional().meta({ description: preferText }) });
