/**
 * Starts a second through the local AWS, with its own rate of updates beside them in the same run, and what a start reads
 * and writes with 100 and with 10,000 jobs waiting: the scheduler's own loop, with tables, queue and bucket as deployed.
 */
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { BatchWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dispatchClients } from '../../lambdas/aws/jobs/dispatch-clients.ts';
import { createJobServices } from '../../lambdas/aws/jobs/job-services.ts';
import { taskFileKey } from '../../lambdas/contract/data-bucket.ts';
import { JobEnvironment } from '../../lambdas/contract/env.ts';
import { needsTarget } from '../../lambdas/contract/job-messages.ts';
import { everyJob, JobRow, jobIndexes, jobIndexSortKey, jobKey } from '../../lambdas/contract/job-table.ts';
import { limitDefaults } from '../../lambdas/contract/placement.ts';
import type { OverallRow } from '../../lambdas/contract/placement-table.ts';
import { storedLine } from '../../lambdas/domain/job/line.ts';
import type { Book } from '../../lambdas/domain/placement/book.ts';
import { isPlaced, stepItem } from '../../lambdas/domain/placement/placed-job.ts';
import { systemClock } from '../../lambdas/framework/clock.ts';
import { readBook } from '../../lambdas/pool-scheduler/memory.ts';
import { startJobs } from '../../lambdas/pool-scheduler/start-jobs.ts';
import { type LocalClients, localClients } from '../../local/clients.ts';
import { localAccount, localRegion, startMiniStack } from '../../local/ministack.ts';
import { ensureVenv } from '../../local/venv.ts';
import { type Line, progress } from '../report.ts';
import { poolRow } from './ours.ts';

/** `warmUps`: before it is measured, connections are made and code is compiled. The updates beside it are 2,000 in a row, twice. */
const runs = [
  { waiting: 100, warmUps: 20, starts: 80 },
  { waiting: 10_000, warmUps: 200, starts: 800 },
] as const;
const pools = 100;
const customers = 1_000;
const bound = 1.3;
const flat = 1.5;
const table = 'jobs';
const bucket = 'data';

export async function localRate(): Promise<Line[]> {
  await ensureVenv(progress);
  progress('MiniStack');
  const ministack = await startMiniStack({});
  try {
    const clients = localClients({ ...ministack, region: localRegion, accessKey: localAccount, secretKey: 'test' });
    Object.assign(process.env, ministack.clientEnvironment());
    const small = await measured(clients, runs[0]);
    // On both sides of the starts: a machine that is slower for a while is that for both.
    const before = await updatesPerSecond(clients);
    const large = await measured(clients, runs[1]);
    const updates = (before + (await updatesPerSecond(clients))) / 2;
    const possible = updates / large.writes;
    return [
      { what: `reads and writes per start, ${runs[0].waiting} waiting`, figure: `${small.reads.toFixed(2)}, ${small.writes.toFixed(2)}` },
      {
        what: `reads and writes per start, ${runs[1].waiting.toLocaleString('en')} waiting`,
        figure: `${large.reads.toFixed(2)}, ${large.writes.toFixed(2)}`,
        target: `≤ ${flat} ×`,
        met: large.reads <= flat * small.reads && large.writes <= flat * small.writes,
      },
      { what: 'updates of items a second, ten at once', figure: updates.toFixed(0) },
      {
        what: 'starts a second, tasks sent',
        figure: large.perSecond.toFixed(1),
        target: `≥ ${(possible / bound).toFixed(1)} (updates / writes / ${bound})`,
        met: large.perSecond >= possible / bound,
      },
    ];
  } finally {
    await ministack.stop();
  }
}

interface Measured {
  perSecond: number;
  reads: number;
  writes: number;
}

/** A table of its own each time. The book is read before: a scheduler that goes on has it in memory. */
async function measured(clients: LocalClients, { waiting, warmUps, starts }: (typeof runs)[number]): Promise<Measured> {
  const name = `${table}-${waiting}`;
  progress(`${waiting} jobs waiting`);
  const queueUrl = await prepare(clients, name);
  const services = servicesOf(clients, name, queueUrl);
  const nowMs = Date.now();
  await services.placement.putOverall(undefined, { ...limitDefaults, maxJobs: warmUps, jobs: 0, revision: 0 });
  for (let i = 0; i < pools; i += 1) {
    const pool = poolRow({ taskGroup: `pool-${i}`, maxJobs: 50, quantities: { cpu: 1_000 } });
    await services.placement.putPool(undefined, { ...pool, queueUrl });
  }
  await putJobs(clients, name, waiting, nowMs);
  const startAll = async (book: Book) => startJobs(services, book, { endMs: nowMs + 600_000, patient: false, onStart: () => {} });
  await startAll(await bookOf(services));
  const limits = await overallOf(services);
  await services.placement.putOverall(limits, { ...limits, maxJobs: warmUps + starts, revision: limits.revision + 1 });
  const book = await bookOf(services);
  progress(`${waiting} jobs waiting: starting ${starts}`);
  const counted = countCalls(clients);
  const startedMs = performance.now();
  await startAll(book);
  const seconds = (performance.now() - startedMs) / 1_000;
  counted.stop();
  if (book.leasedJobs !== warmUps + starts) throw new Error(`${book.leasedJobs - warmUps} of ${starts} started`);
  return { perSecond: starts / seconds, reads: counted.reads / starts, writes: counted.writes / starts };
}

type Services = ReturnType<typeof servicesOf>;

async function overallOf({ placement }: Services): Promise<OverallRow> {
  const overall = await placement.overall();
  if (overall === undefined) throw new Error('there are no limits');
  return overall;
}

const bookOf = async (services: Services): Promise<Book> => readBook(services, await overallOf(services));

async function prepare({ documents, sqs, s3 }: LocalClients, TableName: string): Promise<string> {
  const names = ['pk', 'sk', jobIndexSortKey, ...Object.values(jobIndexes).map(({ key }) => key)];
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  await documents.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: names.map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      KeySchema: keys('pk', 'sk'),
      GlobalSecondaryIndexes: Object.values(jobIndexes).map(({ name, key }) => ({
        IndexName: name,
        KeySchema: keys(key, jobIndexSortKey),
        Projection: { ProjectionType: 'ALL' },
      })),
    }),
  );
  await s3.send(new CreateBucketCommand({ Bucket: bucket })).catch(() => undefined);
  const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: TableName }));
  return QueueUrl;
}

function servicesOf(clients: LocalClients, jobsTable: string, queueUrl: string) {
  const queues = ['CHANGES', 'ROLLOUTS', 'SWEEPS', 'REPORTS', 'DISPATCH', 'INTAKE', 'RESULTS', 'EVENTS', 'VALIDATION', 'PLACING'];
  const tables = ['CONFIG', 'PIPELINES', 'RELEASES', 'CONTROL', 'TASKS'];
  const environment = JobEnvironment.parse({
    // Ends alone are told: that a job started is nobody's news here.
    SLUICE_SETTINGS: JSON.stringify({ stage: 'bench', notifyJobs: false }),
    ...Object.fromEntries(queues.map((name) => [`SLUICE_${name}_QUEUE_URL`, queueUrl])),
    ...Object.fromEntries(tables.map((name) => [`SLUICE_${name}_TABLE`, name.toLowerCase()])),
    SLUICE_JOBS_TABLE: jobsTable,
    SLUICE_DATA_BUCKET: bucket,
    SLUICE_CODE_BUCKET: 'code',
    SLUICE_CONSUMER_ROLE_ARN: 'arn:aws:iam::000000000000:role/bench',
    SLUICE_CONSUMER_LOG_GROUP: '/bench',
    AWS_REGION: localRegion,
  });
  const log = { debug: () => {}, info: () => {}, warn: console.error, error: console.error };
  const services = createJobServices({
    environment,
    clients,
    clock: systemClock,
    random: Math.random,
    newId: () => crypto.randomUUID(),
    log,
  });
  return { ...services, sending: dispatchClients(10), apiUrl: 'https://api.example.com', writeLine: () => {} };
}

async function putJobs({ documents, s3 }: LocalClients, TableName: string, waiting: number, nowMs: number): Promise<void> {
  const rows = Array.from({ length: waiting }, (_, i) => jobOf(i, nowMs));
  const items = rows.flatMap((row) => [{ ...jobKey(row.job), ...row }, ...(isPlaced(row) ? [stepItem(row)] : [])]);
  for (let i = 0; i < items.length; i += 25)
    await documents.send(
      new BatchWriteCommand({ RequestItems: { [TableName]: items.slice(i, i + 25).map((Item) => ({ PutRequest: { Item } })) } }),
    );
  // Those that may be started: in their order, one of each customer.
  for (const { job } of rows.slice(0, customers))
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: taskFileKey(job), Body: storedLine({ n: 1, body: { work: job } }) }));
}

function jobOf(i: number, nowMs: number): JobRow {
  const createdAtMs = nowMs - 60_000 + i;
  const job = `job-${String(i).padStart(6, '0')}`;
  return JobRow.parse({
    ...{ job, target: needsTarget, status: 'PENDING', listKey: everyJob, createdKey: `${new Date(createdAtMs).toISOString()}#${job}` },
    ...{ createdAtMs, readyAtMs: createdAtMs, customer: `customer-${i % customers}`, priority: 'normal', maxFailures: 0 },
    ...{ maxConcurrent: 20, batchSize: 50, maxOutstanding: 20, maxRetries: 3, tokenKey: 'key', total: 1, fileBytes: 100 },
    placed: { needs: { quantities: { cpu: 1 + (i % 4) } }, step: 'placing', stepKeyMs: createdAtMs },
  });
}

/** Reads and writes of DynamoDB, each item of a batch or transaction for itself. */
function countCalls({ documents }: LocalClients) {
  const counted = { reads: 0, writes: 0, stop: () => documents.middlewareStack.remove('count') };
  documents.middlewareStack.add(
    (next, context) => async (args) => {
      const name = (context as { commandName?: string }).commandName ?? '';
      const { TransactItems, RequestItems = {} } = args.input as {
        TransactItems?: unknown[];
        RequestItems?: Record<string, { Keys?: unknown[] }>;
      };
      if (name.startsWith('BatchGet')) counted.reads += Object.values(RequestItems).flatMap(({ Keys = [] }) => Keys).length;
      else if (/^(Get|Query|Scan)/.test(name)) counted.reads += 1;
      else counted.writes += TransactItems?.length ?? 1;
      return next(args);
    },
    { step: 'initialize', name: 'count' },
  );
  return counted;
}

async function updatesPerSecond({ documents }: LocalClients): Promise<number> {
  progress('updates of items');
  const count = 2_000;
  let left = count;
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: 10 }, async (_, worker) => {
      for (; left > 0; ) {
        left -= 1;
        await documents.send(
          new UpdateCommand({
            TableName: `${table}-${runs[0].waiting}`,
            Key: { pk: 'updates', sk: String(worker) },
            UpdateExpression: 'ADD counted :one',
            ExpressionAttributeValues: { ':one': 1 },
          }),
        );
      }
    }),
  );
  return (count * 1_000) / (performance.now() - startedMs);
}
