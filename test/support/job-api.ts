/** The deployed job API as a user calls it: signed requests over HTTP, and what to wait for. Answers come as they are. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { Job } from '../../lambdas/contract/job.ts';
import { eventually } from './eventually.ts';
import { newCode, newGroup, untilPhase, writeItem } from './groups.ts';
import { libraryZip } from './library-consumer.ts';
import { stage } from './shared-stage.ts';

const ca = readFileSync(stage.caFile);

export interface Call {
  /** Sent as JSON, or as it is where it is a text or bytes. */
  body?: unknown;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  signed?: boolean;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it.
  json: any;
}

/** The API of any stage on the local AWS, as its account's root calls it. */
export function apiOf(url: string, account: string) {
  const apiUrl = new URL(url);
  const credentials = { accessKeyId: account, secretAccessKey: 'local' };
  const signer = new SignatureV4({ service: 'execute-api', region: stage.region, credentials, sha256: Sha256 });
  return async (method: string, path: string, { body, query = {}, headers = {}, signed = true }: Call = {}): Promise<Answer> => {
    const text = body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    const message = {
      method,
      protocol: apiUrl.protocol,
      hostname: apiUrl.hostname,
      port: Number(apiUrl.port),
      path: `${apiUrl.pathname.replace(/\/$/, '')}${path}`,
      query,
      headers: { host: apiUrl.host, ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(text === undefined ? {} : { body: text }),
    };
    const sent = signed ? await signer.sign(message) : message;
    return exchange(`${apiUrl.origin}${message.path}${queryText(query)}`, method, sent.headers, text);
  };
}

export const api = apiOf(stage.outputs.ApiUrl, stage.account);

const queryText = (query: Record<string, string>) => {
  const text = Object.entries(query)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  return text === '' ? '' : `?${text}`;
};

/** Any HTTPS request to the local AWS: presigned places as well. */
export function exchange(url: string, method: string, headers: Record<string, string>, body?: string | Uint8Array): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, ca }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const given = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(given), text, json: parsed(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Submits a job that must be accepted, and gives its id. */
export async function submit(request: object, call: Call = {}): Promise<string> {
  const { status, json, text } = await api('POST', '/jobs', { ...call, body: request });
  if (status !== 202 && status !== 200) throw new Error(`POST /jobs answered ${status}: ${text}`);
  return json.id;
}

export async function jobOf(id: string): Promise<Job> {
  const { status, json, text } = await api('GET', `/jobs/${id}`);
  if (status !== 200) throw new Error(`GET /jobs/${id} answered ${status}: ${text}`);
  return Job.parse(json);
}

/** Waits until the job is as `check` wants it; a failed expectation in it counts as not yet. */
export const untilJob = (id: string, what: string, check: (job: Job) => unknown, seconds = 60): Promise<Job> =>
  eventually(
    `job ${id}: ${what}`,
    async () => {
      const job = await jobOf(id);
      if (check(job) === false) throw new Error(JSON.stringify(job));
      return job;
    },
    seconds,
  );

export const untilEnded = (id: string, seconds?: number) =>
  untilJob(id, 'ended', ({ status }) => status !== 'PENDING' && status !== 'RUNNING', seconds);

/**
 * What a task's body may ask: `value` comes back, `ms` it takes, `fail` the class it fails with in its first `times`
 * attempts, or in all.
 */
const source = `
import { defineConsumer, TaskError } from 'sluice/consumer';
export const handler = defineConsumer({
  async task(body, context) {
    console.log('task', context.taskId);
    if (body.ms) await context.sleep(body.ms);
    if (body.fail && context.attempt <= (body.times ?? Infinity)) throw new TaskError(body.fail, 'as it was asked to');
    return { value: body.value, attempt: context.attempt };
  },
});`;

let zip: Promise<Uint8Array> | undefined;

/** A group whose consumer does as its tasks ask, up and running. */
export async function jobGroup(name: string, item: Record<string, unknown> = {}): Promise<string> {
  zip ??= libraryZip(source);
  const { key } = await newCode(await zip);
  const taskGroup = newGroup(name);
  await writeItem({ taskGroup, consumer: 'sluice', concurrency: 4, code: { key }, retry: { baseSeconds: 1 }, ...item });
  await untilPhase(taskGroup, 'Active');
  return taskGroup;
}
