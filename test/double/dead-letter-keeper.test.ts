/** The keeper over whole queues: reasons added, old letters saved, and nothing lost or doubled by crashes and company. */
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { SavedDeadLetter } from '../../lambdas/contract/dead-letter-look.ts';
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { attemptsSortKey, LetterRecord, letterSortKey, taskKey } from '../../lambdas/contract/task-table.ts';
import { type Letter, Report } from '../../lambdas/contract/task-wire.ts';
import { createKeeper, type Kept } from '../../lambdas/dead-letter-keeper/keep.ts';
import { letterText, readLetter } from '../../lambdas/domain/task/letter.ts';
import { AwsError } from './aws/errors.ts';
import type { Message, Outgoing, Queue } from './aws/queue.ts';
import { OwnStage, stageNames } from './own-stage.ts';
import { RunningFunction } from './platform.ts';
import { standIn } from './stage-steps.ts';

const day = 86_400_000;
const prefix = 'sluice-test';
const sourceArn = 'arn:aws:sqs:eu-central-1:123456789012:source';
const text = (value: string) => ({ DataType: 'String', StringValue: value });

class Letters {
  readonly stage = new OwnStage({ sweepByHand: true, deaf: true });
  readonly keeper = new RunningFunction(this.stage.aws, {
    name: 'deadLetterKeeper',
    timeoutSeconds: 900,
    coldStart: (caller) => {
      const keep = createKeeper(this.stage.servicesFor(caller));
      return (_event, context) => keep(context.getRemainingTimeInMillis());
    },
  });

  queue(taskGroup: string, { fifo = false, kept = false } = {}): Queue {
    const { deadLetterQueue: name } = pipelineNames(prefix, taskGroup, fifo);
    const attributes = { MessageRetentionPeriod: '1209600', ...(fifo && { FifoQueue: 'true' }) };
    const queue = this.stage.aws.sqs.createQueue(name, attributes);
    const { url } = queue.identity;
    this.stage.aws.dynamodb.put(stageNames.pipelines, {
      ...{ taskGroup, schemaVersion: 1, phase: 'Active', message: '', createdAt: 'then', updatedAt: 'then' },
      ...{ resources: kept ? {} : { deadLetterQueueUrl: url }, ...(kept && { keptDeadLetterQueues: [url] }) },
    });
    return queue;
  }

  /** As SQS moves a message that was received three times. */
  move(queue: Queue, outgoing: Partial<Outgoing> = {}): Message {
    const message = this.send(queue, outgoing);
    message.deadLetterSource = sourceArn;
    message.receiveCount = 3;
    return message;
  }

  send(queue: Queue, outgoing: Partial<Outgoing> = {}): Message {
    return queue.send({ body: 'hello', ...outgoing }, this.stage.aws.clock.nowMs());
  }

  async run(): Promise<Kept> {
    const result = await this.stage.aws.clock.until(this.keeper.invoke({}));
    if (result.kind !== 'ok') throw result.kind === 'error' ? result.error : new Error(result.kind);
    return result.answer as Kept;
  }

  remember(group: string, task: string, sk: string, record: Record<string, unknown>): void {
    const pk = taskKey(pipelineNames(prefix, group, false).function, task);
    this.stage.aws.dynamodb.put(stageNames.tasks, { pk, sk, expiresAt: 4e9, ...record });
  }

  recordOf(group: string, task: string, sk: string): Record<string, unknown> | undefined {
    return this.stage.aws.dynamodb.read(stageNames.tasks, { pk: taskKey(pipelineNames(prefix, group, false).function, task), sk });
  }

  saved(): SavedDeadLetter[] {
    const puts = this.stage.aws.log.since(0, ({ operation, outcome }) => operation === 'PutObject' && outcome === 'ok');
    const keys = [...new Set(puts.map(({ input }) => String(input['Key'])))];
    return keys.map((key) => SavedDeadLetter.parse(JSON.parse(this.stage.aws.s3.resolve(stageNames.data, key)?.body ?? '')));
  }

  receives = (since = 0) => this.stage.aws.log.since(since, ({ operation }) => operation === 'ReceiveMessage').length;
}

const letterOf = ({ messageAttributes }: Message): Letter | undefined => readLetter(messageAttributes['sluice']?.StringValue);
const letters = (queue: Queue) => queue.messages().map(letterOf);
const visible = (queue: Queue, nowMs: number) => queue.counts(nowMs).visible;

describe('letters that SQS moved', () => {
  it('get their reason, beside what their author sent, and are shown again', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    const own = { colour: text('red'), 'sluice.task': text('t2') };
    const first = all.move(queue);
    all.move(queue, { messageAttributes: own, body: 'second' });
    all.remember('acme', 't2', attemptsSortKey(0), { status: 'running', starts: 2, startedAtMs: 1, aliveUntilMs: 2 });
    const sentAt = new Date(all.stage.aws.clock.nowMs()).toISOString();
    await all.stage.aws.clock.advance(day);
    expect(await all.run()).toEqual({ queues: 1, looked: 1, left: 0, explained: 2, saved: 0, failed: 0 });
    expect(letters(queue)).toHaveLength(2);
    expect(letters(queue)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ task: first.id, group: 'acme', by: 'sqs', class: 'RESOURCE', attempt: 3, sentAt }),
        expect.objectContaining({ task: 't2', message: expect.stringContaining('without a word'), attempt: 2 }),
      ]),
    );
    expect(queue.messages().find(({ body }) => body === 'second')?.messageAttributes).toMatchObject(own);
    expect(visible(queue, all.stage.aws.clock.nowMs())).toBe(2);
  });

  it('get it in kept queues too, and in FIFO queues within their message group', async () => {
    const all = new Letters();
    const kept = all.queue('kept', { kept: true });
    const fifo = all.queue('fifo', { fifo: true });
    all.move(kept);
    for (const n of [1, 2, 3]) all.move(fifo, { groupId: 'g', deduplicationId: `d${n}`, body: `b${n}` });
    expect(await all.run()).toMatchObject({ queues: 2, explained: 4, failed: 0 });
    expect(letters(kept)).toEqual([expect.objectContaining({ by: 'sqs' })]);
    expect(fifo.messages().map(({ body, groupId }) => `${groupId} ${body}`)).toEqual(['g b1', 'g b2', 'g b3']);
    expect(letters(fifo).every((letter) => letter?.by === 'sqs')).toBe(true);
  });

  it('get it in the table where the message has no room, once', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    const messageAttributes = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`a${i}`, text('x')]));
    const { id } = all.move(queue, { messageAttributes });
    expect(await all.run()).toMatchObject({ explained: 1 });
    const record = LetterRecord.parse(all.recordOf('acme', id, letterSortKey(0)));
    expect(record.messageId).toBe(id);
    expect(readLetter(record.json)).toMatchObject({ task: id, by: 'sqs' });
    await all.stage.aws.clock.advance(2 * day);
    expect(await all.run()).toMatchObject({ looked: 1, explained: 0 });
    expect(queue.messages().map(({ id: left }) => left)).toEqual([id]);
  });

  it('get a new one after a redrive, and the library’s are left alone', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    const old: Letter = {
      ...{ v: 1, task: 't1', group: 'acme', class: 'DATA', message: 'x', attempt: 4, time: '2026-01-01T00:00:00.000Z' },
      ...{ redrives: 1, history: [], by: 'sluice' },
    };
    const carried = { sluice: text(letterText(old)) };
    all.move(queue, { messageAttributes: carried });
    const left = all.send(queue, { messageAttributes: carried });
    expect(await all.run()).toMatchObject({ explained: 1 });
    expect(letters(queue)).toEqual(expect.arrayContaining([old, expect.objectContaining({ task: 't1', redrives: 1, by: 'sqs' })]));
    expect(queue.messages().map(({ id }) => id)).toContain(left.id);
  });

  it('wait for it while somebody may be at work on the task', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    const { id } = all.move(queue);
    const aliveUntilMs = all.stage.aws.clock.nowMs() + 600_000;
    all.remember('acme', id, attemptsSortKey(0), { status: 'running', starts: 1, startedAtMs: 1, aliveUntilMs });
    expect(await all.run()).toMatchObject({ explained: 0 });
    await all.stage.aws.clock.advance(3_600_000);
    expect(await all.run()).toMatchObject({ explained: 1 });
  });
});

describe('the job of a task that SQS set aside', () => {
  const ofJob = (task: string) => ({ 'sluice.task': text(task), 'sluice.job': text('j'), 'sluice.deadline': text('1') });
  const heard = (all: Letters) =>
    all.stage.aws.sqs
      .find('reports')
      ?.messages()
      .map(({ body }) => Report.parse(JSON.parse(body))) ?? [];

  it('hears that it failed, before it has its letter', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    all.move(queue, { messageAttributes: ofJob('j/1/mine') });
    all.move(queue, { messageAttributes: { 'sluice.task': text('j/2') } });
    expect(await all.run()).toMatchObject({ explained: 2 });
    const [report, ...more] = heard(all);
    expect(report).toMatchObject({
      job: 'j',
      task: 'j/1/mine',
      redrives: 0,
      status: 'failed',
      class: 'RESOURCE',
      attempt: 3,
      deadLettered: true,
    });
    expect(more).toEqual([]);
    const told = queue.messages().find(({ messageAttributes }) => 'sluice.job' in messageAttributes);
    // Put back, it is not late at once.
    expect(Object.keys(told?.messageAttributes ?? {}).toSorted()).toEqual(['sluice', 'sluice.job', 'sluice.task']);
    await all.stage.aws.clock.advance(2 * day);
    await all.run();
    expect(heard(all)).toHaveLength(1);
  });

  it.each([
    ['done', { status: 'done', starts: 2, excused: 1, result: '42' }, [{ status: 'done', attempt: 1, result: '42', deadLettered: false }]],
    [
      'dead',
      { status: 'dead', starts: 1, history: [{ attempt: 1, class: 'DATA', message: 'bad', time: 'then' }] },
      [{ status: 'failed', class: 'DATA', message: 'bad', attempt: 1 }],
    ],
    ['never run, as it was cancelled', { status: 'done', starts: 1, cancelledAtMs: 5 }, []],
  ])('hears of one that is %s what its record says', async (_what, record, expected) => {
    const all = new Letters();
    all.move(all.queue('acme'), { messageAttributes: ofJob('j/1') });
    all.remember('acme', 'j/1', attemptsSortKey(0), record);
    await all.run();
    expect(heard(all)).toMatchObject(expected);
    expect(heard(all)).toHaveLength(expected.length);
  });

  it.each(['before', 'after'] as const)('hears of it once more where the run died %s it was told', async (when) => {
    const all = new Letters();
    const queue = all.queue('acme');
    all.move(queue, { messageAttributes: ofJob('j/1') });
    const toReports = (input: Record<string, unknown>) => String(input['QueueUrl']).endsWith('/reports');
    all.stage.aws.log.plant({
      ...{ fits: ({ operation, input }) => operation === 'SendMessage' && toReports(input), nth: 1, when, effect: 'crash' },
    });
    await expect(all.run()).rejects.toThrow('killed');
    expect(letters(queue)).toEqual([undefined]);
    await all.stage.aws.clock.advance(3_600_000);
    expect(await all.run()).toMatchObject({ explained: 1 });
    expect(heard(all)).toHaveLength(when === 'before' ? 1 : 2);
    expect(letters(queue)).toEqual([expect.objectContaining({ by: 'sqs', job: 'j' })]);
  });

  it('is told at the next look where it cannot be told now', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    all.move(queue, { messageAttributes: ofJob('j/1') });
    all.stage.aws.log.plant({
      ...{ fits: ({ operation }) => operation === 'SendMessage', nth: 1, when: 'before' },
      effect: new AwsError('AccessDenied', 'no', 403),
    });
    expect(await all.run()).toMatchObject({ explained: 0, failed: 1 });
    expect(await all.run()).toMatchObject({ explained: 1, failed: 0 });
    expect(heard(all)).toHaveLength(1);
  });
});

describe('old letters', () => {
  it('are saved two days before SQS forgets them, with their reason, and taken off', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    const { id } = all.move(queue, { messageAttributes: { 'sluice.task': text('t/1') } });
    await all.run();
    for (let hours = 0; hours < 12 * 24 + 1; hours += 1) {
      await all.stage.aws.clock.advance(3_600_000);
      await all.run();
    }
    expect(queue.size).toBe(0);
    const [saved, ...more] = all.saved();
    expect(more).toEqual([]);
    expect(saved).toMatchObject({ group: 'acme', task: 't/1', letter: { by: 'sqs' }, message: { MessageBody: 'hello' } });
    expect(saved?.message.MessageAttributes['sluice.task']).toEqual(text('t/1'));
    expect(readLetter(saved?.message.MessageAttributes['sluice']?.StringValue)).toEqual(saved?.letter);
    expect(saved?.messageId).not.toBe(id);
  });

  it('are saved once more, under the same name, where the run died before they were taken off', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    all.move(queue);
    await all.stage.aws.clock.advance(12 * day);
    all.stage.aws.log.plant({ fits: ({ operation }) => operation === 'PutObject', nth: 1, when: 'after', effect: 'crash' });
    await expect(all.run()).rejects.toThrow('killed');
    await all.stage.aws.clock.advance(3_600_000);
    expect(await all.run()).toMatchObject({ saved: 1 });
    expect(all.saved()).toHaveLength(1);
    expect(queue.size).toBe(0);
  });

  it('stay on their queue where they cannot be saved', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    all.move(queue);
    await all.stage.aws.clock.advance(12 * day);
    all.stage.aws.log.plant({
      ...{ fits: ({ operation }) => operation === 'PutObject', nth: 1, when: 'before' },
      effect: new AwsError('AccessDenied', 'no', 403),
    });
    expect(await all.run()).toMatchObject({ saved: 0, failed: 1 });
    expect(visible(queue, all.stage.aws.clock.nowMs())).toBe(1);
    expect(await all.run()).toMatchObject({ saved: 1, failed: 0 });
  });
});

describe('whatever happens', () => {
  it.each([
    ['before the send', 'SendMessage', 'before', 1],
    ['between send and delete', 'SendMessage', 'after', 2],
    ['after the delete', 'DeleteMessage', 'after', 1],
  ] as const)('a crash %s loses nothing and leaves at most a copy of the same task', async (_what, operation, when, copies) => {
    const all = new Letters();
    const queue = all.queue('acme');
    const { id } = all.move(queue);
    all.stage.aws.log.plant({ fits: (call) => call.operation === operation, nth: 1, when, effect: 'crash' });
    await expect(all.run()).rejects.toThrow('killed');
    await all.stage.aws.clock.advance(3_600_000);
    await all.run();
    expect(letters(queue).map((letter) => letter?.task)).toEqual(Array.from({ length: copies }, () => id));
  });

  it('two runs at once give each letter one reason', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    for (let i = 0; i < 200; i += 1) all.move(queue, { body: `b${i}` });
    await all.stage.aws.clock.until(Promise.all([all.keeper.invoke({}), all.keeper.invoke({})]));
    expect(new Set(letters(queue).map((letter) => letter?.task)).size).toBe(200);
    expect(queue.size).toBe(200);
    expect(visible(queue, all.stage.aws.clock.nowMs())).toBe(200);
  });

  it('a queue that fails stops no other', async () => {
    const all = new Letters();
    const [bad, good] = [all.queue('bad'), all.queue('good')];
    for (const queue of [bad, good]) all.move(queue);
    standIn(all.stage.aws.sqs.operations, ReceiveMessageCommand, (input, usual) => {
      if (input['QueueUrl'] === bad.identity.url) throw new AwsError('AccessDenied', 'no', 403);
      return usual();
    });
    expect(await all.run()).toMatchObject({ queues: 2, looked: 1, explained: 1, failed: 1 });
    expect(letters(good)).toEqual([expect.objectContaining({ by: 'sqs' })]);
  });

  it('a queue that is gone, or not ours, is passed by', async () => {
    const all = new Letters();
    const { url } = all.queue('gone').identity;
    const foreign = all.stage.aws.sqs.createQueue('payroll-dlq');
    all.move(foreign);
    all.stage.aws.dynamodb.put(stageNames.pipelines, {
      ...{ taskGroup: 'gone', schemaVersion: 1, phase: 'Active', message: '', createdAt: 'then', updatedAt: 'then', resources: {} },
      keptDeadLetterQueues: [`${url}-no-more`, foreign.identity.url],
    });
    expect(await all.run()).toMatchObject({ queues: 1, looked: 0, failed: 0 });
    expect(letters(foreign)).toEqual([undefined]);
  });

  it('thousands of letters on one queue are each received, explained and shown again', async () => {
    const all = new Letters();
    const queue = all.queue('acme');
    for (let i = 0; i < 5_000; i += 1) all.move(queue, { body: `b${i}` });
    expect(await all.run()).toMatchObject({ looked: 1, explained: 5_000, failed: 0 });
    expect(letters(queue).every((letter) => letter?.by === 'sqs')).toBe(true);
    expect(visible(queue, all.stage.aws.clock.nowMs())).toBe(5_000);
  });

  it('what has not changed is counted and not received', async () => {
    const all = new Letters();
    const queues = Array.from({ length: 300 }, (_, i) => all.queue(`g${i}`));
    for (const queue of queues.slice(0, 10)) all.move(queue);
    expect(await all.run()).toMatchObject({ queues: 300, looked: 10 });
    const before = all.receives();
    await all.stage.aws.clock.advance(3_600_000);
    expect(await all.run()).toMatchObject({ queues: 300, looked: 0 });
    expect(all.receives()).toBe(before);
    const [first] = queues;
    if (first) all.move(first);
    expect(await all.run()).toMatchObject({ looked: 1, explained: 1 });
  });

  it('a run that is short of time leaves the rest to the next', async () => {
    const all = new Letters();
    for (let i = 0; i < 40; i += 1) all.move(all.queue(`g${i}`));
    const short = new RunningFunction(all.stage.aws, {
      name: 'deadLetterKeeper',
      timeoutSeconds: 900,
      coldStart: (caller) => {
        const keep = createKeeper(all.stage.servicesFor(caller));
        return () => keep(10_000);
      },
    });
    const first = await all.stage.aws.clock.until(short.invoke({}));
    const { left, looked } = (first.kind === 'ok' ? first.answer : {}) as Kept;
    expect(left).toBeGreaterThan(0);
    expect(looked + left).toBe(40);
    expect(await all.run()).toMatchObject({ looked: left, left: 0, explained: left });
  });
});
