/** A delivery as its receiver sees it: signed so that anybody's verification of Standard Webhooks holds, ours of the docs too. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { webhookKeys } from '../../lambdas/domain/job/webhook-signature.ts';
import { postWebhook, type WebhookSender } from '../../lambdas/job-notifier/post-webhook.ts';
import { type HookServer, hookServer, host, type Sent, wayHere } from './hook-server.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const older = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const nowMs = Date.UTC(2026, 10, 21, 10, 14, 54, 812);
const body = '{"id":"job1_0_failed","text":"größer als 1"}';

let server: HookServer | undefined;
afterEach(() => server?.stop());

async function deliver(answer: (response: ServerResponse) => void, change: Partial<WebhookSender> = {}) {
  server = await hookServer(answer);
  const sender: WebhookSender = {
    settings: { webhookHosts: [`${host}:${server.port}`] },
    secret: async () => webhookKeys(secret),
    clock: { nowMs: () => nowMs },
    way: wayHere,
    ...change,
  };
  return { posted: await postWebhook(sender, server.url, 'job1_0_failed', body), sent: server.sent, connections: server.connections() };
}

const status = (code: number) => (response: ServerResponse) => void response.writeHead(code).end();

/** By the words of the specification, with another implementation of HMAC than the one that signs. */
async function verify({ headers, body: text }: Sent, key: string): Promise<boolean[]> {
  const bytes = Buffer.from(key.slice('whsec_'.length), 'base64');
  const hmac = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const content = new TextEncoder().encode(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`);
  const given = String(headers['webhook-signature']).split(' ');
  return Promise.all(given.map((one) => crypto.subtle.verify('HMAC', hmac, Buffer.from(one.replace('v1,', ''), 'base64'), content)));
}

describe('signature', () => {
  it('holds, for the body as it was received', async () => {
    const { posted, sent } = await deliver(status(200));
    expect(posted).toEqual({ kind: 'accepted' });
    const [received] = sent;
    if (!received) throw new Error('nothing received');
    expect(received.body).toBe(body);
    expect(received.headers).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'job1_0_failed',
      'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
    });
    expect(await verify(received, secret)).toEqual([true]);
    expect(await verify({ ...received, body: `${body} ` }, secret)).toEqual([false]);
    expect(await verify(received, older)).toEqual([false]);
  });

  it('is made with both keys while one takes over', async () => {
    const { sent } = await deliver(status(200), { secret: async () => webhookKeys(`${secret} ${older}`) });
    const [received] = sent;
    if (!received) throw new Error('nothing received');
    expect(await verify(received, secret)).toEqual([true, false]);
    expect(await verify(received, older)).toEqual([false, true]);
  });
});

describe('meaning of answers', () => {
  it.each([
    [200, 'accepted'],
    [202, 'accepted'],
    [204, 'accepted'],
    [302, 'failed'],
    [400, 'failed'],
    [404, 'failed'],
    [410, 'refused'],
    [429, 'failed'],
    [500, 'failed'],
    [503, 'failed'],
  ])('%i: %s', async (code, kind) => {
    const { posted } = await deliver(status(code));
    expect(posted.kind).toBe(kind);
    if (posted.kind !== 'accepted') expect(posted.why).toContain(String(code));
  });

  it('is refused without a connection where the host is not listed any more', async () => {
    const { posted, connections } = await deliver(status(200), { settings: { webhookHosts: [host] } });
    expect(posted).toEqual({ kind: 'refused', why: expect.stringContaining('does not list') });
    expect(connections).toBe(0);
  });

  it('is a failure that comes back where the secret is not to be had', async () => {
    const { posted } = await deliver(status(200), { secret: async () => webhookKeys('short') });
    expect(posted).toEqual({ kind: 'failed', why: expect.stringContaining('whsec_') });
  });

  it('is a failure that comes back where nobody listens', async () => {
    const { posted } = await deliver(status(200), {
      way: { ...wayHere, resolve: async () => [{ address: '127.0.0.3', family: 4 }], isAllowed: () => true },
    });
    expect(posted).toEqual({ kind: 'failed', why: expect.stringContaining('ECONNREFUSED') });
  });
});

describe('the code of docs/webhooks.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'verify-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const docs = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
  const code = (language: string) => new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(docs)?.[1] ?? '';
  writeFileSync(join(folder, 'verify-webhook.mjs'), code('js'));
  writeFileSync(join(folder, 'verify_webhook.py'), code('python'));
  const seconds = Math.floor(nowMs / 1_000);

  const verifiers: Record<string, (sent: Sent, key: string, now: number) => Promise<unknown>> = {
    Node: async (sent, key, now) => {
      const { verifyWebhook } = await import(join(folder, 'verify-webhook.mjs'));
      return verifyWebhook(sent.headers, sent.body, key, now);
    },
    Python: async ({ headers, body: text }, key, now) => {
      const program =
        'import json, sys, verify_webhook\ng = json.load(sys.stdin)\nprint(json.dumps(verify_webhook.verify_webhook(g["headers"], g["body"].encode(), g["key"], g["now"])))';
      const input = JSON.stringify({ headers, body: text, key, now });
      const { stdout, stderr } = spawnSync('python3', ['-c', program], {
        cwd: folder,
        input,
        encoding: 'utf8',
        env: { ...process.env, PYTHONPATH: folder },
      });
      if (stderr !== '') throw new Error(stderr);
      return JSON.parse(stdout);
    },
  };

  it.each(Object.keys(verifiers))('verifies in %s, and refuses what is changed, old or signed by another', async (language) => {
    const verified = verifiers[language];
    const { sent } = await deliver(status(200), { secret: async () => webhookKeys(`${older} ${secret}`) });
    const [received] = sent;
    if (!received || !verified) throw new Error('nothing received');
    expect(await verified(received, secret, seconds)).toEqual(JSON.parse(body));
    expect(await verified(received, older.replace('whsec_', ''), seconds + 299)).toEqual(JSON.parse(body));
    await expect(verified({ ...received, body: body.replace('1_0', '2_0') }, secret, seconds)).rejects.toThrow('another key');
    await expect(verified(received, `whsec_${Buffer.alloc(32).toString('base64')}`, seconds)).rejects.toThrow('another key');
    await expect(verified(received, secret, seconds + 301)).rejects.toThrow('too old');
  });
});
