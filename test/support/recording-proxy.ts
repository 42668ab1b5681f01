/**
 * Stands between our functions and the local AWS: passes every call through as it came, signature included, and writes
 * down who called what. May be told to send the calls through another proxy (one that injects faults), which hands them
 * back at the back door.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import {
  createServer as createHttpServer,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer, Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface RecordedCall {
  atMs: number;
  accessKey: string;
  service: string;
  method: string;
  path: string;
  /** `X-Amz-Target`, of services that are called by it. */
  target?: string;
  body: string;
  status: number;
}

export interface RecordingProxyOptions {
  port: number;
  certificateFile: string;
  keyFile: string;
  upstream: { host: string; port: number };
  recordFile: string;
}

export interface RecordingProxy {
  controlUrl: string;
  backDoorUrl: string;
  stop: () => Promise<void>;
}

/** Names a call that takes the detour: at the back door it goes on as it came, whatever the other proxy made of it, as it is signed. */
const callHeader = 'x-test-call';
/** Which of the detour's subjects a call names, for the other proxy's rules. */
export const subjectHeader = 'x-test-subject';
/** Set on an answer by the other proxy: the call is done, and its caller is not to hear of it. */
export const loseAnswerHeader = 'x-lose-answer';

/** What the control address takes; an empty body ends the detour. */
export interface Detour {
  url: string;
  /** Texts that tell a call's subject; one that names none of them is marked `other`. */
  subjects: string[];
  /** Of all calls, by chance; every one where absent. */
  share?: number;
}

export async function startRecordingProxy(options: RecordingProxyOptions): Promise<RecordingProxy> {
  const ca = readFileSync(options.certificateFile);
  const toAws = new HttpsAgent({ keepAlive: true, ca, maxSockets: 200 });
  const toDetour = new HttpAgent({ keepAlive: true });
  const onDetour = new Map<string, { incoming: IncomingMessage; body: Buffer }>();
  let calls = 0;
  let detour: Detour | undefined;

  const front = createHttpsServer({ cert: ca, key: readFileSync(options.keyFile) }, async (incoming, answer) => {
    const body = await bodyOf(incoming);
    const detoured = detour && Math.random() < (detour.share ?? 1);
    const status = detour && detoured ? await forwardTo(detour, incoming, body, answer) : await forwardToAws(incoming, body, answer);
    record(options.recordFile, incoming, body, status);
  });
  const backDoor = createHttpServer(async (incoming, answer) => {
    await bodyOf(incoming);
    const call = onDetour.get(String(incoming.headers[callHeader]));
    if (call) await forwardToAws(call.incoming, call.body, answer);
    else answer.destroy();
  });
  const control = createHttpServer(async (incoming, answer) => {
    const told = (await bodyOf(incoming)).toString();
    detour = told === '' ? undefined : (JSON.parse(told) as Detour);
    answer.end();
  });

  function forwardToAws({ method, url, headers }: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<number> {
    return relay(httpsRequest({ ...options.upstream, agent: toAws, servername: 'localhost', method, path: url, headers }), body, answer);
  }

  async function forwardTo({ url, subjects }: Detour, incoming: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<number> {
    const { hostname: host, port } = new URL(url);
    const text = `${decodeURIComponent(incoming.url ?? '')} ${body}`;
    const subject = subjects.find((candidate) => text.includes(candidate)) ?? 'other';
    calls += 1;
    const id = String(calls);
    onDetour.set(id, { incoming, body });
    const headers = { ...incoming.headers, [callHeader]: id, [subjectHeader]: subject };
    const status = await relay(
      httpRequest({ host, port, agent: toDetour, method: incoming.method, path: incoming.url, headers }),
      body,
      answer,
    );
    onDetour.delete(id);
    return status;
  }

  await Promise.all([listen(front, options.port), listen(backDoor, 0), listen(control, 0)]);
  return {
    controlUrl: urlOf(control),
    backDoorUrl: urlOf(backDoor),
    stop: async () => {
      for (const agent of [toAws, toDetour]) agent.destroy();
      await Promise.all([front, backDoor, control].map(close));
    },
  };
}

/** A cut line upstream is a cut line for the caller, too. Returns the status, 0 where there was none. */
function relay(call: ReturnType<typeof httpRequest>, body: Buffer, answer: ServerResponse): Promise<number> {
  return new Promise((resolve) => {
    const cut = () => {
      answer.destroy();
      resolve(0);
    };
    call.once('error', cut);
    call.once('response', (response) => {
      if (response.headers[loseAnswerHeader] !== undefined) return cut();
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', cut);
      response.once('aborted', cut);
      response.once('end', () => {
        const { 'transfer-encoding': _chunked, connection: _hop, ...headers } = response.headers;
        const content = Buffer.concat(chunks);
        answer.writeHead(response.statusCode ?? 502, {
          ...headers,
          ...(call.method === 'HEAD' ? {} : { 'content-length': content.length }),
        });
        answer.end(content);
        resolve(response.statusCode ?? 502);
      });
    });
    call.end(body);
  });
}

function record(file: string, incoming: IncomingMessage, body: Buffer, status: number): void {
  const scope = /Credential=([^/]+)\/\d+\/[^/]+\/([^/]+)\//.exec(incoming.headers.authorization ?? '');
  const target = incoming.headers['x-amz-target'];
  const call: RecordedCall = {
    atMs: Date.now(),
    accessKey: scope?.[1] ?? '',
    service: scope?.[2] ?? '',
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    ...(typeof target === 'string' ? { target } : {}),
    body: body.length > 20_000 ? '' : body.toString(),
    status,
  };
  appendFileSync(file, `${JSON.stringify(call)}\n`);
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const listen = (server: Server, port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
