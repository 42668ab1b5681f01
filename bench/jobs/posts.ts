/** `POST /jobs` by the number of its tasks, beside what a request did before: a loop of SendMessage. */
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { median, quantile } from '../consumer/statistics.ts';
import { type Line, progress } from '../report.ts';
import { addGroup, inputBucket, type Stage } from './stage.ts';

/** Of `POST /jobs`, at the 95th percentile. */
const boundMs = 200;
/** A file of a hundred times the lines may take this much longer: noise, as it is not read before the answer. */
const flatBound = 1.2;
const inlineSizes = [1, 100, 1_000];
const fileSizes = [1_000, 100_000] as const;
const loopRounds = 5;

export async function posts(stage: Stage, rounds: number): Promise<Line[]> {
  // Paused: what is measured is the post, and not what the machine does besides.
  const queueUrl = await addGroup(stage, 'posts', 1, { paused: true });
  await timesOf('warming up', 10, () => post(stage, { tasks: tasks(1_000) }));
  const lines: Line[] = [];
  for (const size of inlineSizes) {
    const took = await timesOf(`${size} tasks`, rounds, () => post(stage, { tasks: tasks(size) }));
    const loop = await timesOf(`${size} times SendMessage`, loopRounds, () => sendLoop(stage, queueUrl, size));
    lines.push(
      { what: `${counted(size)} in the request, median`, figure: ms(median(took)) },
      bounded(`${counted(size)} in the request, p95`, quantile(took, 0.95)),
      { what: `  a loop of SendMessage in its place, median`, figure: ms(median(loop)) },
    );
  }
  return [...lines, ...(await files(stage, rounds))];
}

/** The two sizes in turn, so that both meet the same machine. */
async function files(stage: Stage, rounds: number): Promise<Line[]> {
  for (const size of fileSizes) {
    const Body = tasks(size)
      .map((task) => `${JSON.stringify(task)}\n`)
      .join('');
    await stage.clients.s3.send(new PutObjectCommand({ Bucket: inputBucket, Key: `${size}.ndjson`, Body }));
  }
  const took = new Map<number, number[]>(fileSizes.map((size) => [size, []]));
  for (let round = 0; round < rounds; round += 1)
    for (const size of round % 2 === 0 ? fileSizes : fileSizes.toReversed()) {
      progress(`files: round ${round + 1} of ${rounds}`);
      const started = performance.now();
      const id = await post(stage, { file: { bucket: inputBucket, key: `${size}.ndjson` } });
      took.get(size)?.push(performance.now() - started);
      // Else the machine reads files from here on.
      await stage.sluice.cancel(id);
    }
  const [small, large] = fileSizes.map((size) => took.get(size) ?? []) as [number[], number[]];
  const ratio = median(large) / median(small);
  return [
    ...fileSizes.map((size) => ({ what: `a file of ${counted(size)}, median`, figure: ms(median(took.get(size) ?? [])) })),
    ...fileSizes.map((size) => bounded(`a file of ${counted(size)}, p95`, quantile(took.get(size) ?? [], 0.95))),
    {
      what: '  the large file against the small one',
      figure: `${ratio.toFixed(2)} ×`,
      target: `≤ ${flatBound} ×`,
      met: ratio <= flatBound,
    },
  ];
}

async function post({ sluice }: Stage, what: Pick<Parameters<Stage['sluice']['submit']>[0], 'tasks' | 'file'>): Promise<string> {
  const { id } = await sluice.submit({ taskGroup: 'posts', ...what });
  return id;
}

async function sendLoop({ clients }: Stage, QueueUrl: string, size: number): Promise<void> {
  for (const task of tasks(size)) await clients.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(task.body) }));
}

async function timesOf(what: string, rounds: number, run: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    progress(`${what}: round ${round + 1} of ${rounds}`);
    const started = performance.now();
    await run();
    took.push(performance.now() - started);
  }
  return took;
}

const tasks = (size: number) =>
  Array.from({ length: size }, (_, i) => ({
    id: `order-${i}`,
    body: { customer: 'acme', order: i, note: 'a task as it is sent'.repeat(3) },
  }));

const counted = (size: number) => `${size.toLocaleString('en')} ${size === 1 ? 'task' : 'tasks'}`;
const ms = (value: number) => `${value.toFixed(0)} ms`;
const bounded = (what: string, value: number): Line => ({
  ...{ what, figure: ms(value), target: `≤ ${ms(boundMs)}`, met: value <= boundMs },
});
