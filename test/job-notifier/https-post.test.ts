/** One POST over real TLS, to hosts that redirect, stall, talk without end, have the wrong certificate, or move meanwhile. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { httpsPost } from '../../lambdas/job-notifier/https-post.ts';
import { isPublicAddress } from '../../lambdas/job-notifier/public-address.ts';
import { type HookServer, here, hookServer, otherCa, wayHere } from './hook-server.ts';

const servers: HookServer[] = [];
async function serve(answer: (response: ServerResponse) => void, address?: string): Promise<HookServer> {
  const server = await hookServer(answer, address);
  servers.push(server);
  return server;
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

const ok = (response: ServerResponse) => void response.writeHead(204).end();
const post = (server: HookServer, way = wayHere) => httpsPost(new URL(server.url), { 'x-of-ours': 'yes' }, '{"ä":1}', way);

describe('answers', () => {
  it.each([200, 204, 301, 404, 410, 500])('tells the status %i', async (status) => {
    const server = await serve((response) => void response.writeHead(status).end('read by nobody'));
    expect(await post(server)).toBe(status);
    expect(server.sent).toMatchObject([{ method: 'POST', path: '/ended?token=1', body: '{"ä":1}' }]);
    expect(server.sent[0]?.headers).toMatchObject({ 'x-of-ours': 'yes', 'content-length': '8' });
  });

  it('follows no redirect', async () => {
    const target = await serve(ok);
    const server = await serve((response) => void response.writeHead(307, { location: target.url }).end());
    expect(await post(server)).toBe(307);
    expect(target.connections()).toBe(0);
  });

  it('has no patience with a host that does not answer', async () => {
    const server = await serve(() => undefined);
    await expect(post(server, { ...wayHere, timeoutMs: 300 })).rejects.toThrow('no answer within 0.3 s');
  });

  it('nor with one whose name is not resolved', async () => {
    const server = await serve(ok);
    const never = () => new Promise<never>(() => {});
    await expect(post(server, { ...wayHere, timeoutMs: 100, resolve: never })).rejects.toThrow('no answer within 0.1 s');
  });

  it('counts the status of one that never ends its answer', async () => {
    const server = await serve((response) => void response.writeHead(200).write('…'));
    expect(await post(server, { ...wayHere, timeoutMs: 500 })).toBe(200);
  });

  it('hangs up on one that answers without end', async () => {
    let hungUp: Promise<unknown> = Promise.resolve();
    let written = 0;
    const server = await serve((response) => {
      hungUp = once(response, 'close');
      response.writeHead(200);
      const more = () => {
        for (let room = true; room && !response.destroyed; written += 65_536) room = response.write(Buffer.alloc(65_536));
      };
      response.on('drain', more);
      more();
    });
    expect(await post(server)).toBe(200);
    await hungUp;
    expect(written).toBeLessThan(50_000_000);
  });

  it('fails where the connection breaks before an answer', async () => {
    const server = await serve((response) => void response.destroy());
    await expect(post(server)).rejects.toThrow();
  });
});

describe('certificates', () => {
  it('must be trusted', async () => {
    const server = await serve(ok);
    await expect(post(server, { ...wayHere, ca: otherCa })).rejects.toThrow(/self-signed certificate|unable to verify/);
    expect(server.sent).toEqual([]);
  });

  it('must be of the host', async () => {
    const server = await serve(ok);
    const other = { ...server, url: server.url.replace('hooks.example.com', 'hooks.example.org') };
    await expect(post(other)).rejects.toThrow(/does not match/);
    expect(server.sent).toEqual([]);
  });
});

describe('addresses', () => {
  it.each([
    ['one that is private', [{ address: '127.0.0.1', family: 4 }]],
    ['one of several that is private', [{ address: '93.184.215.14', family: 4 }, here]],
    ['one in IPv6 clothes', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    ['the one of the credentials', [{ address: '169.254.169.254', family: 4 }]],
  ])('refuses a host with %s, and opens no connection', async (_, addresses) => {
    const server = await serve(ok);
    const way = { ...wayHere, isAllowed: isPublicAddress, resolve: async () => addresses };
    await expect(post(server, way)).rejects.toThrow(/not public/);
    expect(server.connections()).toBe(0);
  });

  it.each(['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]'])('refuses %s as a host', async (literal) => {
    const server = await serve(ok);
    const other = { ...server, url: `https://${literal}:${server.port}/` };
    await expect(post(other, { ...wayHere, isAllowed: isPublicAddress })).rejects.toThrow(/not public/);
    expect(server.connections()).toBe(0);
  });

  it('goes to a literal one where the stage allows it', async () => {
    const server = await serve(ok);
    expect(await post({ ...server, url: `https://127.0.0.1:${server.port}/` })).toBe(204);
  });

  it('connects to the address that was checked, whatever the name says a moment later', async () => {
    const server = await serve(ok);
    let asked = 0;
    // What is private here is another address of this machine: a second look would give it.
    const resolve = async () => [asked++ === 0 ? here : { address: '127.0.0.2', family: 4 }];
    expect(await post(server, { ...wayHere, resolve })).toBe(204);
    expect(asked).toBe(1);
    await expect(post(server, { ...wayHere, resolve })).rejects.toThrow(/not public/);
    expect(server.connections()).toBe(1);
  });

  it('takes another connection, and another look, each time', async () => {
    const server = await serve(ok);
    let asked = 0;
    const resolve = async () => {
      asked += 1;
      return [here];
    };
    await post(server, { ...wayHere, resolve });
    await post(server, { ...wayHere, resolve });
    expect({ asked, connections: server.connections() }).toEqual({ asked: 2, connections: 2 });
  });

  it('fails where a name has none', async () => {
    const server = await serve(ok);
    await expect(post(server, { ...wayHere, resolve: async () => [] })).rejects.toThrow('has no address');
  });
});
