/** Calls of AWS services that the project itself has no SDK client for: IAM, CloudFormation, CloudWatch Logs, SSM and others. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import type { ClientTarget } from './aws-clients.ts';

/** A query-protocol call (IAM, CloudFormation, SNS, CloudWatch …); the answer's XML. */
export const awsQuery = (target: ClientTarget, service: string, parameters: Record<string, string>): Promise<string> =>
  post(target, service, new URLSearchParams(parameters).toString(), { 'content-type': 'application/x-www-form-urlencoded' });

/** A JSON-protocol call (`Logs_20140328.DescribeLogGroups`, `AmazonSSM.PutParameter` …). */
export async function awsJson<T>(target: ClientTarget, service: string, operation: string, body: unknown): Promise<T> {
  return JSON.parse(
    await post(target, service, JSON.stringify(body), { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': operation }),
  ) as T;
}

/** The root's signature is not checked by the local AWS: naming the key is enough. */
function post(
  { endpoint, account, region, caFile }: ClientTarget,
  service: string,
  body: string,
  headers: Record<string, string>,
): Promise<string> {
  const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const authorization = `AWS4-HMAC-SHA256 Credential=${account}/${day}/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`;
  return new Promise((resolve, reject) => {
    const call = request(
      `${endpoint}/`,
      { method: 'POST', ca: readFileSync(caFile), agent: false, headers: { ...headers, authorization } },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.once('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`${service}: ${response.statusCode} ${text}`)),
        );
      },
    );
    call.once('error', reject);
    call.end(body);
  });
}
