/** Visibility changes asked for at once, as SQS hears them. */
import type { SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { visibilityChanges } from '../../consumer/aws/visibility-changes.ts';

function heard(answer: (name: string) => object = () => ({})) {
  const calls: [name: string, entries: number][] = [];
  const send = async (command: { constructor: { name: string }; input: { Entries?: unknown[] } }) => {
    calls.push([command.constructor.name, command.input.Entries?.length ?? 1]);
    return answer(command.constructor.name);
  };
  const change = visibilityChanges({ send: send as SQSClient['send'] }, async () => 'https://sqs/acme');
  return { calls, all: (count: number) => Promise.allSettled(Array.from({ length: count }, (_, at) => change(`r${at}`, at))) };
}

it('go by tens, and one alone as itself', async () => {
  const { calls, all } = heard();
  await all(21);
  await all(1);
  expect(calls).toEqual([
    ['ChangeMessageVisibilityBatchCommand', 10],
    ['ChangeMessageVisibilityBatchCommand', 10],
    ['ChangeMessageVisibilityCommand', 1],
    ['ChangeMessageVisibilityCommand', 1],
  ]);
});

it('fail each for itself inside a 200', async () => {
  const { all } = heard(() => ({ Failed: [{ Id: '1', Code: 'ReceiptHandleIsInvalid', SenderFault: true }] }));
  expect((await all(3)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

it('fail together where the call does', async () => {
  const { all } = heard(() => {
    throw new Error('down');
  });
  expect((await all(2)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});
