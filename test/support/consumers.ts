/** Consumers for the tests: small zips, and the partner they call, which sees what runs in each group. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { zipSync } from 'fflate';

const text = (content: string) => new TextEncoder().encode(content);

/** Calls the partner once per task: `PARTNER_URL/<group>/<id>`; fails a task the partner refuses. `release` tells uploads apart. */
export function nodeConsumer(release = 'one'): Uint8Array {
  return zipSync({
    'index.mjs': text(`
export const release = ${JSON.stringify(release)};
export async function handler(event) {
  const failed = [];
  for (const record of event.Records) {
    const task = JSON.parse(record.body);
    const path = [task.group, task.id, release, process.env.SLUICE_TASK_GROUP ?? ''].map(encodeURIComponent).join('/');
    const answer = await fetch(process.env.PARTNER_URL + '/' + path, { method: 'POST' });
    await answer.text();
    if (!answer.ok) failed.push({ itemIdentifier: record.messageId });
  }
  console.log('batch of', event.Records.length);
  return { batchItemFailures: failed };
}
`),
  });
}

export function pythonConsumer(): Uint8Array {
  return zipSync({
    'main.py': text(`
import json, os, urllib.parse, urllib.request

def handle(event, context):
    for record in event["Records"]:
        task = json.loads(record["body"])
        path = "/".join(urllib.parse.quote(part, safe="") for part in (task["group"], str(task["id"]), "python", ""))
        urllib.request.urlopen(urllib.request.Request(os.environ["PARTNER_URL"] + "/" + path, method="POST")).read()
    print("batch of", len(event["Records"]))
    return {"batchItemFailures": []}
`),
  });
}

/** Throws while it is loaded. */
export const brokenConsumer = (): Uint8Array => zipSync({ 'index.mjs': text(`throw new Error('this release cannot be loaded');`) });

export interface Visit {
  group: string;
  id: string;
  release: string;
  /** What the consumer's environment says its group is. */
  environmentGroup: string;
}

export interface Partner {
  url: string;
  visits: Visit[];
  /** Ids that were answered well, of one group. */
  done: (group: string) => string[];
  /** Most calls of a group in flight at once. */
  peak: (group: string) => number;
  /** How long a task takes from now on. */
  taskMs: number;
  /** Tasks that fail, by id. */
  refuse: Set<string>;
  stop: () => Promise<void>;
}

export async function startPartner(taskMs = 0): Promise<Partner> {
  const running = new Map<string, number>();
  const peaks = new Map<string, number>();
  const finished: Visit[] = [];
  const server = createServer((request, response) => {
    const [group = '', id = '', release = '', environmentGroup = ''] = (request.url ?? '').slice(1).split('/').map(decodeURIComponent);
    const visit = { group, id, release, environmentGroup };
    partner.visits.push(visit);
    const now = (running.get(group) ?? 0) + 1;
    running.set(group, now);
    peaks.set(group, Math.max(now, peaks.get(group) ?? 0));
    request.resume();
    let counted = true;
    const leave = () => {
      if (counted) running.set(group, (running.get(group) ?? 1) - 1);
      counted = false;
    };
    // A consumer that was killed has left, too.
    response.once('close', leave);
    setTimeout(() => {
      leave();
      const refused = partner.refuse.has(id);
      if (!refused && !response.destroyed) finished.push(visit);
      response.writeHead(refused ? 503 : 200).end();
    }, partner.taskMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const partner: Partner = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    visits: [],
    done: (group) => finished.filter((visit) => visit.group === group).map((visit) => visit.id),
    peak: (group) => peaks.get(group) ?? 0,
    taskMs,
    refuse: new Set(),
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return partner;
}
