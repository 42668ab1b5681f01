/**
 * A request as an HTTP API of API Gateway hands it over (payload format 2.0). What is in it was chosen by the caller, so
 * nothing is believed before it was parsed, and whatever cannot be read ends in a 4xx that says why.
 */
import { z } from 'zod';

const HttpEvent = z.object({
  routeKey: z.string(),
  /** Percent-decoded by API Gateway, all but `%25`; cut at a decoded `?`. */
  rawPath: z.string(),
  /** As it came. */
  rawQueryString: z.string().default(''),
  /** Names in lower case; of a header that came several times, the values with commas between them. */
  headers: z.record(z.string(), z.string().optional()).default({}),
  pathParameters: z.record(z.string(), z.string().optional()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().default(false),
  requestContext: z.object({
    requestId: z.string().default(''),
    http: z.object({ method: z.string() }),
    authorizer: z.object({ iam: z.object({ userArn: z.string().nullish() }).optional() }).nullish(),
  }),
});

export interface HttpRequest {
  id: string;
  method: string;
  /** As the route is written: `GET /jobs/{id}`; `$default` where none fits. */
  routeKey: string;
  path: string;
  pathParameters: ReadonlyMap<string, string>;
  rawQuery: string;
  /** By name in lower case. */
  headers: ReadonlyMap<string, string>;
  body: Body;
  /** ARN of who signed it. */
  caller: string | undefined;
}

/** Bytes in base64, or text. */
export interface Body {
  text: string;
  isBase64: boolean;
}

export function requestOf(event: unknown): HttpRequest {
  const { routeKey, rawPath, rawQueryString, headers, pathParameters, body, isBase64Encoded, requestContext } = HttpEvent.parse(event);
  return {
    id: requestContext.requestId,
    method: requestContext.http.method.toUpperCase(),
    routeKey,
    path: decodedPercent(rawPath),
    pathParameters: new Map(present(pathParameters ?? {}).map(([name, value]) => [name, decodedPercent(value)])),
    rawQuery: rawQueryString,
    headers: new Map(present(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: { text: body ?? '', isBase64: isBase64Encoded },
    caller: requestContext.authorizer?.iam?.userArn ?? undefined,
  };
}

/** The one escape that API Gateway leaves, so that the rest is decoded once and not twice. */
const decodedPercent = (text: string) => text.replaceAll('%25', '%');

const present = (values: Record<string, string | undefined>) =>
  Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
