/** A Lambda function that jobs may name instead of a task group, and a place where it tells of its invocations. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateFunctionCommand,
  type LambdaClient,
  PutFunctionEventInvokeConfigCommand,
  waitUntilFunctionActiveV2,
} from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import type { TaskInvocation } from '../../lambdas/contract/job.ts';
import { aws } from './groups.ts';
import { stage } from './shared-stage.ts';

const code = `
const post = ({ url, token }, result) =>
  fetch(url, { method: 'POST', headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' }, body: JSON.stringify(result) });

export const handler = async (task) => {
  console.log('task', task.task, 'attempt', task.attempt);
  const { body, attempt, callback } = task;
  if (body.tell) await fetch(body.tell, { method: 'POST', body: JSON.stringify(task) });
  if (body.throws) throw new Error('as it was asked to');
  if (body.silent) return;
  if (body.ms) await new Promise((resolve) => setTimeout(resolve, body.ms));
  const fails = body.fail && attempt <= (body.times ?? Infinity);
  const answer = await post(callback, fails
    ? { status: 'failed', class: body.fail, message: 'as it was asked to' }
    : { status: 'done', result: { value: body.value, attempt } });
  if (!answer.ok) throw new Error('the callback was answered ' + answer.status + ' ' + (await answer.text()));
  if (body.gone) await fetch(body.gone, { method: 'POST', body: '{}' });
};`;

/** A function as a user has one besides the stage. */
export async function makeFunction(
  lambda: LambdaClient,
  { name, role, source }: { name: string; role: string; source: string },
): Promise<void> {
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: role,
      Code: { ZipFile: zipSync({ 'index.mjs': Buffer.from(source) }) },
      Timeout: 30,
    }),
  );
  await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 30, minDelay: 1 }, { FunctionName: name });
}

/** `name`: one that the shared stage lists. What it throws goes to the stage's queue for that at once. */
export async function makeTargetFunction(name: string): Promise<void> {
  await makeFunction(aws.lambda, { name, role: stage.outputs.ConsumerRoleArn, source: code });
  await aws.lambda.send(
    new PutFunctionEventInvokeConfigCommand({
      FunctionName: name,
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: { Destination: stage.outputs.FunctionFailuresQueueArn } },
    }),
  );
}

export interface Ear {
  /** For `tell` of a task's body. */
  url: string;
  /** For `gone`: one of those told has ended. */
  goneUrl: string;
  told: TaskInvocation[];
  /** Most that were told and not gone at once. */
  peak(): number;
  stop(): Promise<void>;
}

export async function listen(): Promise<Ear> {
  const told: TaskInvocation[] = [];
  let here = 0;
  let peak = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      here += request.url === '/gone' ? -1 : 1;
      peak = Math.max(peak, here);
      if (request.url !== '/gone') told.push(JSON.parse(Buffer.concat(chunks).toString()));
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `${url}/told`,
    goneUrl: `${url}/gone`,
    told,
    peak: () => peak,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
