/** Consumers written with the library for the tests: each task's body says what is to become of it, the partner keeps count. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { zipSync } from 'fflate';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Bundles `source`, which imports `sluice/consumer`, as a release would. */
export async function libraryZip(source: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts', sourcefile: 'index.ts' },
    alias: { 'sluice/consumer': join(root, 'consumer', 'index.ts') },
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
    logLevel: 'silent',
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  });
  return zipSync({ 'index.mjs': outputFiles[0]?.contents ?? new Uint8Array() });
}

/** One visit of a task: `PARTNER_URL/<group>/<task>/<what>`. */
export interface Visit {
  group: string;
  task: string;
  what: string;
  atMs: number;
}

export interface TaskPartner {
  url: string;
  visits: Visit[];
  /** Most tasks of a group at once. */
  peak(group: string): number;
  stop(): Promise<void>;
}

/** Takes a visit, holds it for `ms` of its query, and answers what it counts: visits of this task for this reason so far. */
export async function startTaskPartner(): Promise<TaskPartner> {
  const visits: Visit[] = [];
  const running = new Map<string, number>();
  const peaks = new Map<string, number>();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://partner');
    const [group = '', task = '', what = ''] = url.pathname.slice(1).split('/').map(decodeURIComponent);
    visits.push({ group, task, what, atMs: Number(url.searchParams.get('at')) });
    running.set(group, (running.get(group) ?? 0) + 1);
    peaks.set(group, Math.max(peaks.get(group) ?? 0, running.get(group) ?? 0));
    let here = true;
    const leave = () => {
      if (here) running.set(group, (running.get(group) ?? 1) - 1);
      here = false;
    };
    response.once('close', leave);
    setTimeout(
      () => {
        leave();
        response.end(String(visits.filter((visit) => visit.group === group && visit.task === task && visit.what === what).length));
      },
      Number(url.searchParams.get('ms') ?? 0),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits,
    peak: (group) => peaks.get(group) ?? 0,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
