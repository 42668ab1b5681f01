/**
 * Starts MiniStack, the local AWS, and stops it. It dies with this process however that ends, with every worker it
 * started, and leaves nothing behind (see guard.py).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HelpfulError } from './helpful-error.ts';
import { inProject, nodeFolder } from './paths.ts';
import { freePort, isPortFree } from './port.ts';
import { run, tail } from './run.ts';
import { ensureVenv, type Venv } from './venv.ts';

export interface MiniStackOptions {
  /** Working folder, made if missing and removed on stop; default one of its own in the temp folder. */
  folder?: string;
  /** Written anew and kept; default a file in the working folder, which goes with it. */
  logFile?: string;
  /** Enforce IAM; MiniStack then speaks TLS, with a certificate of its own. */
  auth?: boolean;
  /** Default: any that is free. */
  port?: number;
  /** What GetAccountSettings says the account may run at once. */
  accountConcurrency?: number;
  /** More variables for MiniStack, and so for every function, e.g. AWS_ENDPOINT_URL of a proxy in between. */
  environment?: Record<string, string>;
  report?: (text: string) => void;
  signal?: AbortSignal;
}

export interface MiniStack {
  endpoint: string;
  /** By IP, which makes the SDK address buckets by path: `bucket.localhost` does not resolve in Node. */
  s3Endpoint: string;
  port: number;
  region: string;
  logFile: string;
  /** Certificate to trust, with `auth`. */
  caFile?: string;
  /** What a client (SDK, AWS CLI, CDK CLI) needs in its environment; `account` is any 12 digits. */
  clientEnvironment: (account?: string) => Record<string, string>;
  /** Settles with a sentence when MiniStack ends without being asked. */
  died: Promise<string>;
  stop: () => Promise<void>;
}

export const localRegion = 'us-east-1';
export const localAccount = '000000000000';
const startSeconds = 60;

export async function startMiniStack(options: MiniStackOptions = {}): Promise<MiniStack> {
  const venv = await ensureVenv(options.report, options.signal);
  if (options.port !== undefined && !(await isPortFree(options.port))) {
    throw new HelpfulError(`Port ${options.port} is in use; choose another, or leave the choice to us by naming none.`);
  }
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    try {
      return await startOn(port, venv, options);
    } catch (error) {
      // Somebody else was quicker at taking the free port.
      const taken = error instanceof HelpfulError && error.message.includes('already in use');
      if (!taken || options.port !== undefined || attempt === 3) throw error;
    }
  }
}

async function startOn(port: number, venv: Venv, options: MiniStackOptions): Promise<MiniStack> {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'sluice-ministack-')));
  mkdirSync(folder, { recursive: true });
  const logFile = options.logFile ?? join(folder, 'ministack.log');
  mkdirSync(dirname(logFile), { recursive: true });

  const scheme = options.auth ? 'https' : 'http';
  const endpoint = `${scheme}://localhost:${port}`;
  const s3Endpoint = `${scheme}://127.0.0.1:${port}`;
  const tls = options.auth ? await makeCertificate(venv, folder) : undefined;
  const environment = {
    ...serverEnvironment(folder, port, options.accountConcurrency ?? 1_000),
    // The functions' own clients; queue URLs say `localhost`, and another host would make the SDK warn.
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: s3Endpoint,
    ...(tls ? { AUTH: 'true', USE_SSL: '1', MINISTACK_SSL_CERT: tls.certificate, MINISTACK_SSL_KEY: tls.key } : {}),
    ...(tls ? trust(tls.certificate) : {}),
    ...options.environment,
  };
  const guard = spawn(venv.python, [inProject('local', 'guard.py'), folder], {
    env: environment,
    stdio: ['pipe', 'pipe', 'pipe'],
    // Out of the terminal's reach: Ctrl-C is ours to turn into an orderly stop.
    detached: true,
  });
  guard.stderr.pipe(createWriteStream(logFile));
  const asked = new AbortController();
  const died = endOf(guard, logFile, asked.signal);
  const stop = stopper(guard, folder, asked);
  try {
    await untilHealthy(s3Endpoint, tls?.certificate, died, options.signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    endpoint,
    s3Endpoint,
    port,
    region: localRegion,
    logFile,
    ...(tls ? { caFile: tls.certificate } : {}),
    clientEnvironment: (account = localAccount) => clientEnvironment(endpoint, s3Endpoint, account, tls?.certificate),
    died,
    stop,
  };
}

/** MiniStack's environment reaches every function, so it gets nothing of ours but what it needs. */
function serverEnvironment(folder: string, port: number, accountConcurrency: number): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => ['HOME', 'LANG', 'LC_ALL', 'TZ'].includes(name));
  return {
    ...(Object.fromEntries(kept) as Record<string, string>),
    PATH: [nodeFolder(), process.env['PATH']].join(delimiter),
    TMPDIR: folder,
    STATE_DIR: join(folder, 'state'),
    S3_DATA_DIR: join(folder, 's3'),
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    IOT_MTLS_ENABLED: '0',
    LAMBDA_ACCOUNT_CONCURRENCY: String(accountConcurrency),
    // Each running invocation takes one; the default 64 would be the account's limit in disguise.
    MINISTACK_WORKER_THREADS: '256',
    PYTHONUNBUFFERED: '1',
  };
}

function clientEnvironment(endpoint: string, s3Endpoint: string, account: string, caFile?: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: s3Endpoint,
    AWS_REGION: localRegion,
    AWS_DEFAULT_REGION: localRegion,
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: 'local',
    ...(caFile ? trust(caFile) : {}),
  };
}

const trust = (certificate: string) => ({ NODE_EXTRA_CA_CERTS: certificate, AWS_CA_BUNDLE: certificate, SSL_CERT_FILE: certificate });

async function makeCertificate(venv: Venv, folder: string): Promise<{ certificate: string; key: string }> {
  const paths = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  const made = await run(venv.python, [inProject('local', 'certificate.py'), paths.certificate, paths.key]);
  if (made.code !== 0) throw new HelpfulError(`The local AWS's certificate could not be made:\n${tail(made.output)}`);
  return paths;
}

/** The sentence that tells why MiniStack is gone, once it is without having been asked. */
function endOf(guard: ChildProcess, logFile: string, asked: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const tell = () => {
      if (asked.aborted) return;
      const log = readText(logFile);
      const last = log.trim() === '' ? 'It logged nothing.' : `The end of its log, ${logFile}:\n${tail(log)}`;
      resolve(`MiniStack, the local AWS, ended by itself. ${last}`);
    };
    // The last of the log is on its way to the file.
    const soon = () => setTimeout(tell, 200);
    guard.stdout?.once('data', soon);
    guard.once('exit', soon);
    guard.once('error', soon);
  });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function stopper(guard: ChildProcess, folder: string, asked: AbortController): () => Promise<void> {
  const ended = new Promise<void>((resolve) => {
    guard.once('close', () => resolve());
    guard.once('error', () => resolve());
  });
  return async () => {
    asked.abort();
    guard.stdin?.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
}

async function untilHealthy(endpoint: string, caFile: string | undefined, died: Promise<string>, signal?: AbortSignal): Promise<void> {
  let reason: string | undefined;
  void died.then((sentence) => {
    reason = sentence;
  });
  const healthy = caFile ? await tlsProbe(caFile) : plainProbe;
  for (const deadline = Date.now() + startSeconds * 1_000; Date.now() < deadline; await sleep(50)) {
    signal?.throwIfAborted();
    if (await healthy(`${endpoint}/_ministack/health`)) return;
    if (reason !== undefined) throw new HelpfulError(reason);
  }
  throw new HelpfulError(`MiniStack, the local AWS, did not answer within ${startSeconds} s; is this machine very busy?`);
}

type Probe = (url: string) => Promise<boolean>;

const plainProbe: Probe = async (url) => {
  try {
    return (await fetch(url)).ok;
  } catch {
    return false;
  }
};

/** This process was not started with NODE_EXTRA_CA_CERTS, so the certificate is handed over with each request. */
async function tlsProbe(caFile: string): Promise<Probe> {
  const { get } = await import('node:https');
  const ca = readFileSync(caFile);
  return (url) =>
    new Promise((resolve) => {
      const request = get(url, { ca, agent: false }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.once('error', () => resolve(false));
    });
}
