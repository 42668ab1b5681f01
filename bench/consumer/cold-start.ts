/**
 * From the start of a process to its first answered batch of one: our handler against a bare one that makes the same
 * clients. Both bundled and minified, each run in a fresh process, in turns. AWS is an HTTP server on this machine that
 * answers at once, as if every table were empty.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run, tail } from '../../local/run.ts';
import { endProgress, type Line, printLines, progress } from '../report.ts';
import { lambdaEnvironment } from './lambda-environment.ts';
import { minified } from './minified.ts';
import { sqsEvent } from './overhead-batches.ts';
import { median } from './statistics.ts';

const mostRatio = 1.15;

/** Says how long the process has lived when its first batch is answered. */
const starter = `
import { readFileSync } from 'node:fs';
const { handler } = await import(process.argv[2]);
const event = JSON.parse(readFileSync(process.argv[3], 'utf8'));
await handler(event, { getRemainingTimeInMillis: () => 30_000 });
process.stderr.write(\`answered after \${performance.now()}\\n\`);
process.exit(0);
`;

/** Each with the file it is made of; the last ones beside the first, to show what a first call costs anybody. */
const variants = {
  'bare handler, same clients': new URL('./bare-handler.ts', import.meta.url),
  'trivial consumer, duplicates off': new URL('./trivial-without-calls.ts', import.meta.url),
  'bare handler that reads one item': new URL('./bare-caller.ts', import.meta.url),
  'trivial consumer as it comes': new URL('./trivial-consumer.ts', import.meta.url),
};
type Variant = keyof typeof variants;
const names = Object.keys(variants) as Variant[];

export async function coldStart(runs: number): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const aws = await emptyAws();
  try {
    const start = await starterOf(folder, aws);
    const took = new Map(names.map((name) => [name, [] as number[]]));
    // The first of each only fills the caches.
    for (let i = 0; i <= runs; i += 1) {
      progress(`cold start ${i} of ${runs}`);
      for (const name of i % 2 === 0 ? names : names.toReversed()) {
        const ms = await start(name);
        if (i > 0) took.get(name)?.push(ms);
      }
    }
    endProgress();
    return told(took);
  } finally {
    aws.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Answers everything as a table without items does. */
async function emptyAws(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().once('end', () => response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function starterOf(folder: string, aws: Server): Promise<(name: Variant) => Promise<number>> {
  const bundled = (name: Variant) => join(folder, String(names.indexOf(name)), 'index.mjs');
  const [starterFile, event] = [join(folder, 'starter.mjs'), join(folder, 'event.json')];
  writeFileSync(starterFile, starter);
  writeFileSync(event, JSON.stringify(sqsEvent(1)));
  for (const name of names) {
    mkdirSync(dirname(bundled(name)));
    for (const [file, code] of (await minified(variants[name])).files) writeFileSync(join(dirname(bundled(name)), file), code);
  }
  const environment = { ...lambdaEnvironment, AWS_ENDPOINT_URL: `http://127.0.0.1:${(aws.address() as AddressInfo).port}` };
  return async (name) => {
    const { output } = await run(process.execPath, [starterFile, bundled(name), event], { environment });
    const ms = /answered after ([\d.]+)/.exec(output)?.[1];
    if (ms === undefined) throw new Error(`${name} did not answer:\n${tail(output)}`);
    return Number(ms);
  };
}

function told(took: ReadonlyMap<Variant, readonly number[]>): Line[] {
  const bare = took.get('bare handler, same clients') ?? [];
  const lines = [...took].map(([name, all]): Line => {
    // Round by round: what slows the machine down slows all.
    const ratio = median(all.map((ms, i) => ms / (bare[i] ?? Number.NaN)));
    const figure = `${median(all).toFixed(1)} ms   ${ratio.toFixed(3)} ×`;
    return name === 'trivial consumer, duplicates off'
      ? { what: name, figure, target: `≤ ${mostRatio} ×`, met: ratio <= mostRatio }
      : { what: name, figure };
  });
  printLines(`Cold start, from process start to the first answered batch, median of ${bare.length}`, lines);
  return lines;
}
