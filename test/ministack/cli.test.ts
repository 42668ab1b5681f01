/** `sluice` as its users run it: a process of its own, with nothing but the environment to tell it where AWS is. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Letter } from '../../lambdas/contract/task-wire.ts';
import { withLetter } from '../../lambdas/domain/task/letter.ts';
import { inProject } from '../../local/paths.ts';
import { nodeConsumer, type Partner, startPartner } from '../support/consumers.ts';
import { eventually } from '../support/eventually.ts';
import {
  aws,
  lookAtQueue,
  namesOf,
  newCode,
  newGroup,
  removeGroupsAfterwards,
  sendTasks,
  untilPhase,
  writeItem,
} from '../support/groups.ts';
import { stage } from '../support/shared-stage.ts';
import { runSluice, sluice } from '../support/sluice-tool.ts';

const lines = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

let partner: Partner;
let code: { key: string };
beforeAll(async () => {
  partner = await startPartner();
  code = await newCode(nodeConsumer());
});
afterAll(() => partner.stop());
removeGroupsAfterwards();

async function activeGroup(name: string, item: object = {}, timeout = 30): Promise<string> {
  const group = newGroup(name);
  await writeItem({ taskGroup: group, code: { key: code.key }, function: { timeout, environment: { PARTNER_URL: partner.url } }, ...item });
  await untilPhase(group, 'Active');
  return group;
}

const letterOf = (group: string, task: string, more: Partial<Letter> = {}): Letter => ({
  v: 1,
  task,
  group,
  class: 'DATA',
  message: 'no such customer',
  attempt: 1,
  time: new Date().toISOString(),
  redrives: 0,
  history: [],
  by: 'sluice',
  ...more,
});

/** As the library does it. */
async function setAside(group: string, id: string, letter: Partial<Letter> = {}, { fifo = false } = {}): Promise<void> {
  const queue = await lookAtQueue(namesOf(group, fifo).deadLetterQueue);
  const body = JSON.stringify({ group, id });
  const { attributes } = withLetter({ colour: { DataType: 'String', StringValue: 'red' } }, body.length, letterOf(group, id, letter));
  const order = fifo ? { MessageGroupId: 'one', MessageDeduplicationId: id } : {};
  await aws.sqs.send(new SendMessageCommand({ QueueUrl: queue?.url, MessageBody: body, MessageAttributes: attributes, ...order }));
}

const messagesOf = async (group: string) =>
  Number((await lookAtQueue(namesOf(group).deadLetterQueue))?.attributes['ApproximateNumberOfMessages']);

it.concurrent('shows dead letters and leaves them where they are', async () => {
  const group = await activeGroup('cli show');
  await setAside(group, 'seven', { step: 'charge', attempt: 4, class: 'TRANSIENT', redrives: 2 });
  await setAside(group, 'eight');

  const { code, stdout, stderr } = await sluice('dead-letters', group);
  expect(stderr).toContain(`stack ${stage.outputs.Prefix} on AWS (SLUICE_STACK)`);
  expect(stdout).toMatch(/seven +TRANSIENT +4 +\d+ s +2 +charge +no such customer/);
  expect(stdout).toContain('2 dead letters in 1 group: 1 TRANSIENT, 1 DATA.');
  expect(code).toBe(0);

  const json = await sluice('dead-letters', group, '--json', '--class', 'data');
  expect(lines(json.stdout)).toMatchObject([{ group, task: 'eight', class: 'DATA', attempts: 1, redrives: 0 }]);
  expect(json.stdout).not.toContain('"body"');
  expect(await messagesOf(group)).toBe(2);
});

it.concurrent('puts back what is asked for, at a rate, and its consumer gets it', async () => {
  const group = await activeGroup('cli redrive');
  await setAside(group, 'good');
  await setAside(group, 'not now', { class: 'PERMANENT' });

  const dry = await sluice('redrive', group, '--dry-run', '--class', 'DATA');
  expect(dry.stdout).toContain('Would put back 1 dead letter: 1 DATA.');
  expect(partner.done(group)).toEqual([]);

  const real = await sluice('redrive', group, '--class', 'DATA', '--rate', '20');
  expect(real).toMatchObject({ code: 0, stdout: expect.stringContaining('Put back 1 dead letter: 1 DATA.') });
  await eventually('the task is done', async () => partner.done(group).length === 1);
  expect(partner.done(group)).toEqual(['good']);
  expect(await messagesOf(group)).toBe(1);

  await sluice('redrive', group, '--id', 'not now');
  await eventually('the other is done, too', async () => partner.done(group).length === 2);
  expect(await messagesOf(group)).toBe(0);
});

it.concurrent('names what SQS moved without a reason, and puts it back, too', async () => {
  const group = await activeGroup('cli moved', { queue: { maxReceiveCount: 1, visibilityTimeout: 2 } }, 2);
  partner.refuse.add('refused');
  await sendTasks(group, [{ id: 'refused' }]);
  await eventually('SQS has moved it', async () => (await messagesOf(group)) === 1);
  expect((await sluice('dead-letters', group, '--class', 'none')).stdout).toContain('moved by SQS, reason not added yet');

  partner.refuse.delete('refused');
  expect(await sluice('redrive', group, '--json')).toMatchObject({ code: 0, stdout: expect.stringContaining('"putBack":{"none":1}') });
  await eventually('it is done', async () => partner.done(group).includes('refused'));
});

it.concurrent('keeps the order of a FIFO group', async () => {
  const group = await activeGroup('cli fifo', { queue: { fifo: true } });
  for (const id of ['1', '2', '3']) await setAside(group, id, {}, { fifo: true });
  expect((await sluice('redrive', group)).stdout).toContain('Put back 3 dead letters');
  await eventually('all are done', async () => partner.done(group).length === 3);
  expect(partner.done(group)).toEqual(['1', '2', '3']);
});

it.concurrent('says what is wrong, and with which exit code', async () => {
  expect(await sluice('redrive')).toMatchObject({ code: 2, stderr: expect.stringContaining('--all') });
  expect(await sluice('redrive', 'nobody')).toMatchObject({ code: 1, stderr: expect.stringContaining('There is no task group "nobody"') });
  expect(await sluice('dead-letters', '--stack', 'none')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('There is no stack none'),
  });
});

it.concurrent('releases a consumer and follows its rollout', async () => {
  const key = `${newGroup('cli').replaceAll(' ', '-')}/consumer.zip`;
  const first = await sluice('release', inProject('examples', 'consumer-plain', 'index.ts'), '--key', key);
  expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('No pipeline uses this key yet') });
  expect(first.stderr).toMatch(/Uploaded .* as .*: [\d.]+ KiB/);

  await activeGroup('cli release', { code: { key } });
  const second = await sluice('release', inProject('examples', 'consumer-plain'), '--key', key, '--json');
  expect(second.code).toBe(0);
  expect(lines(second.stdout)).toMatchObject([{ key, state: 'RolledOut', done: 1, total: 1, failedPipelines: [] }]);

  const broken = join(stage.folder, 'broken.ts');
  writeFileSync(broken, "throw new Error('this release cannot be loaded');\nexport const handler = () => {};\n");
  expect(await sluice('release', broken, '--key', key)).toMatchObject({ code: 1, stdout: expect.stringMatching(/^Refused: /) });
});

// Alone: what it expects on stderr is all there is to say only as long as nothing takes seconds.
it('finds the local stage that is up in its folder, without any AWS setting', async () => {
  const { endpoint, s3Endpoint, region, account, caFile, outputs } = stage;
  const keys = { account, accessKey: account, secretKey: 'local' };
  const up = { pid: process.pid, endpoint, s3Endpoint, region, ...keys, partnerUrl: partner.url, outputs };
  mkdirSync(join(stage.folder, '.sluice'), { recursive: true });
  writeFileSync(join(stage.folder, '.sluice', 'local.json'), JSON.stringify(up));
  const group = await activeGroup('cli local');
  const ended = await runSluice(['dead-letters', group], {
    cwd: stage.folder,
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: caFile },
  });
  expect(ended).toMatchObject({ code: 0, stdout: 'No dead letters.\n', stderr: `Talking to the local stage at ${endpoint}.\n` });
});
