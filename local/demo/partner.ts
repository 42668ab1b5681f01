/**
 * The limited partner everybody calls: a small HTTP service that takes a second for each call, lets in as many of a
 * group at once as its limit says, and answers 429 above that. `POST /<system>/<group>/<task>`; each system that
 * calls it has its own books. It measures, so it must not share a process with heavy work.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Account } from './accounting.ts';

export interface PartnerGroup {
  taskGroup: string;
  limit: number;
  tasks: number;
}

/** Books of one system: group → account. */
type Books = ReadonlyMap<string, Account>;

export interface Partner {
  /** What a consumer gets as PARTNER_URL. */
  urlFor: (system: string) => string;
  books: (system: string) => Books;
  stop: () => Promise<void>;
}

export async function startPartner(systems: string[], groups: PartnerGroup[], serviceMs: number): Promise<Partner> {
  const books = new Map(systems.map((system) => [system, openBooks(groups)]));
  const server = createServer((request, response) => {
    const [, system = '', group = '', task = ''] = (request.url ?? '').split('/').map(decodeURIComponent);
    const account = accountOf(books.get(system), group);
    request.resume();
    if (account === undefined) respond(response, 404, 'no such system');
    else serve(account, task, response, serviceMs);
  });
  // Longer than any pause between two tasks, so that no consumer meets a connection that is just being closed.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    urlFor: (system) => `http://127.0.0.1:${port}/${system}`,
    books: (system) => books.get(system) ?? new Map(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

const openBooks = (groups: PartnerGroup[]): Map<string, Account> =>
  new Map(groups.map((group) => [group.taskGroup, new Account(group.limit, group.tasks)]));

/** A customer the partner has never heard of is served without a limit, so that new groups can be tried. */
function accountOf(books: Map<string, Account> | undefined, group: string): Account | undefined {
  const account = books?.get(group) ?? new Account(Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
  books?.set(group, account);
  return books && account;
}

function serve(account: Account, task: string, response: ServerResponse, serviceMs: number): void {
  if (!account.arrive(task, performance.now())) {
    respond(response, 429, 'too many calls at once');
    return;
  }
  // A timer may be a millisecond early; the service never is.
  const timer = setTimeout(() => {
    account.leave(task, performance.now());
    respond(response, 200, 'done');
  }, serviceMs + 1);
  response.once('close', () => {
    // Comes after a normal answer, too.
    if (response.writableEnded) return;
    clearTimeout(timer);
    account.abandon(task, performance.now());
  });
}

function respond(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' }).end(`${text}\n`);
}
