/** The redrive against the double of SQS, in virtual time. */
import { ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { Stage } from '../../cli/aws/connect.ts';
import { deadLetter } from '../../cli/dead-letters/dead-letter.ts';
import { listLetters } from '../../cli/dead-letters/list-letters.ts';
import { Redrive, type RedriveOptions } from '../../cli/dead-letters/redrive-queue.ts';
import { emptyReport, reportText } from '../../cli/dead-letters/redrive-report.ts';
import type { ErrorClass } from '../../lambdas/contract/task-wire.ts';
import { withLetter } from '../../lambdas/domain/task/letter.ts';
import { queueUrl, world } from '../double/aws/support.ts';
import { letter } from './letters.ts';

function deadLetters({ fifo = false } = {}) {
  const { aws, clients, wait, advance } = world();
  const suffix = fifo ? '.fifo' : '';
  const names = { to: `q${suffix}`, from: `q-dlq${suffix}` };
  const kind: Record<string, string> = fifo ? { FifoQueue: 'true' } : {};
  aws.sqs.createQueue(names.from, kind);
  aws.sqs.createQueue(names.to, kind);
  aws.dynamodb.createTable({ name: 'TasksTableName', hash: 'pk', range: 'sk' });
  const stage: Stage = { name: 'the double', clients, output: (name) => name, caller: {} };
  const queue = { group: 'A', name: names.from, pipeline: 'p' };
  const from = queueUrl(names.from);
  const to = queueUrl(names.to);
  const report = emptyReport(false);
  return {
    aws,
    report,
    stage,
    queue,
    wait,
    advance,
    async add(task: string, errorClass: ErrorClass = 'DATA') {
      const { attributes } = withLetter({}, task.length, letter({ task, class: errorClass }));
      const order = fifo ? { MessageGroupId: 'one', MessageDeduplicationId: task } : {};
      await wait(clients.sqs.send(new SendMessageCommand({ QueueUrl: from, MessageBody: task, MessageAttributes: attributes, ...order })));
      await advance(1_000);
    },
    start(change: Partial<RedriveOptions> = {}, clientsOfRun = clients) {
      const filter = { classes: [], tasks: [] };
      const options = { clock: aws.clock, filter, rate: 50, dryRun: false, startedAtMs: aws.clock.nowMs(), ...change };
      const target = { open: true as const, queueName: names.to, fifo, readsLetters: true };
      return new Redrive({ ...stage, clients: clientsOfRun }, options, report).queue({ queue, from, to, target });
    },
    /** What a receive finds now. */
    async inQueue(url: 'from' | 'to') {
      const QueueUrl = url === 'from' ? from : to;
      const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 0, MessageAttributeNames: ['All'] };
      const { Messages = [] } = await wait(clients.sqs.send(new ReceiveMessageCommand(input)));
      return Messages.map((message) => deadLetter(message, queue));
    },
  };
}

const tasks = (found: { task: string }[]) => found.map(({ task }) => task).sort();

describe('a redrive', () => {
  it('puts back what matches, with one more redrive, and shows the rest again', async () => {
    const { add, start, inQueue, wait, report } = deadLetters();
    await add('bad', 'DATA');
    await add('slow', 'TRANSIENT');
    await wait(start({ filter: { classes: ['TRANSIENT'], tasks: [] } }));
    const [back] = await inQueue('to');
    expect(back).toMatchObject({ task: 'slow', redrives: 1, letter: { history: [{ class: 'TRANSIENT', message: 'it failed' }] } });
    expect(tasks(await inQueue('from'))).toEqual(['bad']);
    expect(reportText(report)).toBe('Put back 1 dead letter: 1 TRANSIENT.\nLeft where they are: 1 dead letter that did not match.');
  });

  it('changes nothing when it only looks', async () => {
    const { add, start, inQueue, wait, report } = deadLetters();
    await add('a');
    await wait(start({ dryRun: true }));
    expect(report.putBack).toEqual({ DATA: 1 });
    expect(await inQueue('to')).toEqual([]);
    expect(tasks(await inQueue('from'))).toEqual(['a']);
  });

  it('keeps its rate', async () => {
    const { aws, add, start, wait } = deadLetters();
    for (let i = 0; i < 30; i += 1) await add(`task ${i}`);
    const startedMs = aws.clock.nowMs();
    await wait(start({ rate: 2 }));
    // 15 sends of two, the first at once.
    expect(aws.clock.nowMs() - startedMs).toBeGreaterThanOrEqual(14_000);
  });

  it('leaves what dies after it began, so that it ends', async () => {
    const { aws, add, start, inQueue, wait, report } = deadLetters();
    const startedAtMs = aws.clock.nowMs();
    await add('again');
    await wait(start({ startedAtMs }));
    expect(report).toMatchObject({ cameLater: 1, putBack: {} });
    expect(tasks(await inQueue('from'))).toEqual(['again']);
  });

  it('cut off between send and delete leaves a second copy that a consumer knows: same task, same redrives', async () => {
    const { aws, add, start, inQueue, wait, advance } = deadLetters();
    await add('twice');
    const { process, clients } = aws.caller('a redrive that dies');
    const dying: typeof clients = {
      ...clients,
      sqs: {
        send: (command: { constructor: { name: string } }) => {
          if (command.constructor.name === 'DeleteMessageBatchCommand') process.kill();
          return clients.sqs.send(command as SendMessageCommand);
        },
      } as typeof clients.sqs,
    };
    start({}, dying).catch(() => {});
    // Longer than it hides what it has received.
    await advance(1_000_000);
    await wait(start());
    expect((await inQueue('to')).map(({ task, redrives }) => ({ task, redrives }))).toEqual([
      { task: 'twice', redrives: 1 },
      { task: 'twice', redrives: 1 },
    ]);
    expect(await inQueue('from')).toEqual([]);
  });

  it('keeps the order of a message group', async () => {
    const { add, start, inQueue, wait } = deadLetters({ fifo: true });
    const sent = Array.from({ length: 9 }, (_, i) => `task ${i}`);
    for (const task of sent) await add(task);
    await wait(start());
    expect((await inQueue('to')).map(({ task }) => task)).toEqual(sent);
  });
});

describe('a look', () => {
  it('shows up to its limit and says that there is more', async () => {
    const { add, stage, queue, wait, inQueue } = deadLetters();
    for (let i = 0; i < 5; i += 1) await add(`task ${i}`);
    const listing = { letters: [], more: false, queuesSeen: 0 };
    const queues = (async function* () {
      yield queue;
    })();
    await wait(listLetters(stage, queues, { filter: { classes: [], tasks: [] }, limit: 3 }, listing));
    expect(listing).toMatchObject({ more: true, queuesSeen: 1 });
    expect(listing.letters).toHaveLength(3);
    expect(await inQueue('from')).toHaveLength(5);
  });
});
