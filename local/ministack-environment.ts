/**
 * Environments around MiniStack: its own, which it passes on to every function, and that of whoever talks to it; and the
 * certificate that both trust where it speaks TLS.
 */
import { delimiter, join } from 'node:path';
import { HelpfulError } from '../cli/helpful-error.ts';
import { inProject, nodeFolder } from './paths.ts';
import { run, tail } from './run.ts';
import type { Venv } from './venv.ts';

export const localRegion = 'us-east-1';
export const localAccount = '000000000000';

/** MiniStack's environment reaches every function, so it gets nothing of ours but what it needs. */
export function serverEnvironment(folder: string, port: number, accountConcurrency: number): Record<string, string> {
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

export function clientEnvironment(endpoint: string, s3Endpoint: string, account: string, caFile?: string): Record<string, string> {
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

export const trust = (certificate: string) => ({
  NODE_EXTRA_CA_CERTS: certificate,
  AWS_CA_BUNDLE: certificate,
  SSL_CERT_FILE: certificate,
});

export async function makeCertificate(venv: Venv, folder: string): Promise<{ certificate: string; key: string }> {
  const paths = { certificate: join(folder, 'certificate.pem'), key: join(folder, 'key.pem') };
  const made = await run(venv.python, [inProject('local', 'certificate.py'), paths.certificate, paths.key]);
  if (made.code !== 0) throw new HelpfulError(`The local AWS's certificate could not be made:\n${tail(made.output)}`);
  return paths;
}
