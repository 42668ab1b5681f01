/** Sends in a process of its own, whose memory is nobody else's; prints JSON. Senders take turns, the first of a round going last in the next. */
import { z } from 'zod';
import { keepHeapSmall } from '../../lambdas/framework/small-heap.ts';
import { bare, ours, type Sender, sequential, type Work } from './senders.ts';

export const Plan = z.object({
  senders: z.array(z.enum(['sequential', 'ours', 'bare'])),
  rounds: z.number(),
  /** For the loop, and for connections to be open before anything is measured. */
  functionName: z.string().optional(),
  work: z.object({
    tasks: z.number(),
    to: z.union([z.object({ functionName: z.string() }), z.object({ queueUrl: z.string() })]),
    bucket: z.string(),
    key: z.string(),
  }),
  /** A file of a few tasks. */
  warmUpKey: z.string().optional(),
});
export type Plan = z.infer<typeof Plan>;

export interface Sent {
  /** By sender, of each round. */
  ms: Record<string, number[]>;
  /** Most memory (RSS) of the process while it sent, and right before. */
  peakBytes: number;
  startBytes: number;
}

/** As many as open all connections that are used later; the loop uses one. */
const warmUpTasks = { sequential: 10, ours: 200, bare: 200 };

async function main({ senders, rounds, functionName = '', work, warmUpKey }: Plan): Promise<Sent> {
  // As in the dispatcher.
  if (senders.includes('ours')) keepHeapSmall();
  const make = { sequential: () => sequential(functionName), ours, bare };
  const made = senders.map((name): [typeof name, Sender] => [name, make[name]()]);
  if (warmUpKey !== undefined) for (const [name, send] of made) await send({ ...work, tasks: warmUpTasks[name], key: warmUpKey });
  globalThis.gc?.();
  const startBytes = process.memoryUsage.rss();
  const watch = watchMemory();
  const ms: Record<string, number[]> = Object.fromEntries(senders.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) for (const [name, send] of made) ms[name]?.push(await send(work satisfies Work));
  return { ms, peakBytes: watch.stop(), startBytes };
}

function watchMemory() {
  let most = process.memoryUsage.rss();
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  return {
    stop: () => {
      clearInterval(timer);
      return Math.max(most, process.memoryUsage.rss());
    },
  };
}

console.log(JSON.stringify(await main(Plan.parse(JSON.parse(process.argv[2] ?? '')))));
