/** A small HTTP service that consumers call: keeps when each group's calls began and how many were in flight. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Call {
  group: string;
  startedMs: number;
  /** Calls of the group in flight, this one included, when it began. */
  inFlight: number;
}

export interface Victim {
  url: string;
  calls: Call[];
  inFlight(group: string): number;
  stop(): Promise<void>;
}

/** Each call takes as long as its `ms` parameter says. */
export async function startVictim(): Promise<Victim> {
  const calls: Call[] = [];
  const running = new Map<string, number>();
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://victim');
    const group = searchParams.get('group') ?? '';
    const inFlight = (running.get(group) ?? 0) + 1;
    running.set(group, inFlight);
    calls.push({ group, startedMs: performance.now(), inFlight });
    setTimeout(
      () => {
        running.set(group, (running.get(group) ?? 1) - 1);
        response.end('ok');
      },
      Number(searchParams.get('ms') ?? 0),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    inFlight: (group) => running.get(group) ?? 0,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A consumer that calls the victim once per task: `{ group, ms }`. */
export const victimConsumer = `
export const handler = async ({ Records }) => {
  console.log(Records.length);
  for (const { body } of Records) {
    const { group, ms } = JSON.parse(body);
    await fetch(process.env.VICTIM_URL + '/?group=' + encodeURIComponent(group) + '&ms=' + ms);
  }
  return { batchItemFailures: [] };
};
`;
