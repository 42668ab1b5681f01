/** examples/pools, as its readers run it: every job ends, every limit is kept, and nothing is left behind. */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { expect, test } from 'vitest';
import { inProject } from '../../local/paths.ts';
import { aws } from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';

interface Ended {
  code: number | null;
  output: string;
}

/** In a folder with the file of a local stage, as `npm start` writes it: the stack's own address of the API does not hold here. */
function example(...args: string[]): Promise<Ended> {
  const { endpoint, s3Endpoint, region, account, outputs, clientEnvironment } = stage;
  const cwd = join(stage.folder, 'example-pools');
  mkdirSync(join(cwd, '.sluice'), { recursive: true });
  const local = {
    pid: process.pid,
    endpoint,
    s3Endpoint,
    region,
    account,
    accessKey: account,
    secretKey: 'local',
    partnerUrl: '',
    outputs,
  };
  writeFileSync(join(cwd, '.sluice', 'local.json'), JSON.stringify(local));
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: clientEnvironment['NODE_EXTRA_CA_CERTS'] };
  return new Promise((resolve) => {
    const command = [inProject('examples', 'pools', 'index.ts'), '--local', ...args];
    const child = execFile(process.execPath, command, { cwd, env }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, output: `${stdout}${stderr}` }),
    );
  });
}

async function leftovers(): Promise<string[]> {
  const [items, queues, inputs] = await Promise.all([
    aws.documents.send(new ScanCommand({ TableName: stage.outputs.ConfigTableName, ConsistentRead: true })),
    aws.sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'example-pools-' })),
    aws.s3.send(new ListObjectsV2Command({ Bucket: stage.outputs.DataBucketName, Prefix: 'uploads/example-pools-' })),
  ]);
  const keys = (items.Items ?? []).map(({ taskGroup }) => String(taskGroup)).filter((key) => key.includes('example-'));
  return [...keys, ...(queues.QueueUrls ?? []), ...(inputs.Contents ?? []).map(({ Key = '' }) => Key)];
}

test('runs a burst to its end within every limit, outside of Lambda as well, and takes back what it made', async () => {
  const { code, output } = await example('--jobs', '12');
  expect({ code, output }).toEqual({ code: 0, output: expect.stringContaining('Every job is COMPLETED, every limit was kept.') });
  expect(output).toMatch(/lab \(outside\) +[1-9]/);
  expect(output).toContain('Job 4 failed in attempt 1 at step solve: node 17 of the cluster is gone; done with attempt 2.');
  expect(await leftovers()).toEqual([]);
});
