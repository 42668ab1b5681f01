/**
 * Starts MiniStack, the local AWS, and stops it. It dies with this process however that ends, with every worker it
 * started, and leaves nothing behind (see guard.py).
 */
import { mkdirSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { HelpfulError } from '../cli/helpful-error.ts';
import { clientEnvironment, localAccount, localRegion, makeCertificate, serverEnvironment, trust } from './ministack-environment.ts';
import { untilHealthy } from './ministack-health.ts';
import { spawnMiniStack } from './ministack-process.ts';
import { freePort, isPortFree } from './port.ts';
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

export { localAccount, localRegion };

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
  const { died, stop } = spawnMiniStack(venv, folder, logFile, environment);
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
