/** A deployed stage with a client of its API, and task groups whose consumer sleeps as long as a task says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { consumerZip } from '../../cli/release/consumer-zip.ts';
import { createClient, type SluiceClient } from '../../client/index.ts';
import { type LocalClients, localClients } from '../../local/clients.ts';
import { deploy } from '../../local/deploy.ts';
import { localAccount, localRegion, startMiniStack } from '../../local/ministack.ts';
import { listPipelines, type Outputs, output, putItem, uploadCode } from '../../local/pipelines.ts';
import { ensureVenv } from '../../local/venv.ts';
import { progress } from '../report.ts';

export const inputBucket = 'bench-input';

export interface Stage {
  clients: LocalClients;
  outputs: Outputs;
  sluice: SluiceClient;
}

export async function withStage<T>(use: (stage: Stage) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  await ensureVenv(progress);
  progress('MiniStack');
  const ministack = await startMiniStack({ folder });
  try {
    progress('deploying');
    const settings = { maxParallelJobsPerGroup: 3, maxParallelJobs: 100, inputBuckets: [inputBucket] };
    const { outputs } = await deploy({ ministack, folder: join(folder, 'cdk'), settings });
    const credentials = { accessKeyId: localAccount, secretAccessKey: 'test' };
    const clients = localClients({ ...ministack, region: localRegion, accessKey: localAccount, secretKey: 'test' });
    await clients.s3.send(new CreateBucketCommand({ Bucket: inputBucket }));
    await uploadCode(clients, outputs, 'consumer.zip', await consumerZip(new URL('./sleeping-consumer.ts', import.meta.url).pathname));
    const sluice = createClient({ apiUrl: output(outputs, 'ApiUrl'), region: localRegion, credentials });
    return await use({ clients, outputs, sluice });
  } finally {
    await ministack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A group with that many workers, or one that takes tasks and runs none; gives its queue's address. */
export async function addGroup(
  { clients, outputs }: Stage,
  taskGroup: string,
  concurrency: number,
  more: { paused?: boolean; pool?: object } = {},
): Promise<string> {
  const { paused = false } = more;
  await putItem(clients, outputs, {
    ...{ taskGroup, concurrency, consumer: 'sluice', onDelete: 'discard', batch: { size: 1, window: 0 } },
    function: { architecture: 'x86_64', timeout: 120 },
    ...more,
  });
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; ) {
    const row = (await listPipelines(clients, outputs)).find((one) => one.taskGroup === taskGroup);
    if (row?.phase === 'Failed' || row?.phase === 'Invalid') throw new Error(`${taskGroup} is ${row.phase}: ${row.message}`);
    if (row?.phase === (paused ? 'Paused' : 'Active') && row.resources.queueUrl !== undefined) return row.resources.queueUrl;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${taskGroup} is not up after a minute`);
}
