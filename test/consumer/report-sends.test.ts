/** Reports as SQS hears them: by tens, at once where nobody else comes along. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { reports } from '../../consumer/aws/reports.ts';
import { VirtualTaskClock } from '../../consumer/testing/virtual-clock.ts';
import { queueLimits } from '../../lambdas/contract/limits.ts';
import { inlineResultBytes, Report } from '../../lambdas/contract/task-wire.ts';
import { reportText } from '../../lambdas/domain/task/report.ts';

const report = (n: number, more: Partial<Report> = {}): Report => ({
  ...{ v: 1, job: 'j', task: `j/${n}`, redrives: 0, attempt: 1, status: 'done', deadLettered: false, atMs: 0 },
  ...more,
});

interface Command {
  constructor: { name: string };
  input: { MessageBody?: string; Entries?: { MessageBody: string }[] };
}

function heard(answer: (command: Command) => object = () => ({}), url: string | undefined = 'https://sqs/reports') {
  const calls: string[][] = [];
  const clock = new VirtualTaskClock(0);
  const send = async (command: Command) => {
    const texts = command.input.Entries?.map(({ MessageBody }) => MessageBody) ?? [command.input.MessageBody ?? ''];
    calls.push(texts.map((text) => Report.parse(JSON.parse(text)).task));
    return answer(command);
  };
  return { calls, clock, queue: reports({ send: send as SQSClient['send'] }, url, clock) };
}

it('go by tens, the rest when nothing is held back any longer', async () => {
  const { calls, queue } = heard();
  const sent = Promise.all(Array.from({ length: 21 }, (_, n) => queue.send(report(n + 1))));
  expect(calls.map(({ length }) => length)).toEqual([10, 10]);
  queue.flush();
  await sent;
  expect(calls[2]).toEqual(['j/21']);
  queue.flush();
  expect(calls).toHaveLength(3);
});

it('wait a moment for company, and no longer', async () => {
  const { calls, clock, queue } = heard();
  const sent = Promise.all([queue.send(report(1)), queue.send(report(2))]);
  await clock.sleep(99);
  expect(calls).toEqual([]);
  await clock.sleep(1);
  await sent;
  expect(calls).toEqual([['j/1', 'j/2']]);
  const next = queue.send(report(3));
  await clock.sleep(100);
  await next;
  expect(calls[1]).toEqual(['j/3']);
});

it('fail each for itself', async () => {
  const { queue } = heard(() => ({ Failed: [{ Id: '1', Code: 'InternalError', Message: 'try again', SenderFault: false }] }));
  const sent = Promise.allSettled([1, 2, 3].map((n) => queue.send(report(n))));
  queue.flush();
  expect((await sent).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('fail all where the call does', async () => {
  const { queue } = heard(() => {
    throw new Error('down');
  });
  const sent = Promise.allSettled([1, 2].map((n) => queue.send(report(n))));
  queue.flush();
  expect((await sent).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

it('fail, and say why, while the stage has not told where to send them', async () => {
  const { calls, clock } = heard();
  const queue = reports({ send: (() => Promise.reject(new Error('asked'))) as SQSClient['send'] }, undefined, clock);
  await expect(queue.send(report(1))).rejects.toThrow(
    'SLUICE_REPORTS_QUEUE_URL is not set: Sluice sets it with its next look at the group',
  );
  expect(calls).toEqual([]);
});

it('fit by tens into one message batch, in characters that SQS takes', () => {
  const worst = JSON.stringify('"\\\ufffe'.repeat(inlineResultBytes / 7 - 1));
  expect(Buffer.byteLength(worst)).toBeLessThanOrEqual(inlineResultBytes);
  const text = reportText(report(1, { result: worst, message: '\u0000'.repeat(1_000) }));
  expect(text).toMatch(/^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u);
  expect(10 * Buffer.byteLength(text)).toBeLessThanOrEqual(queueLimits.messageBytes);
  expect(Report.parse(JSON.parse(text)).result).toBe(worst);
});
