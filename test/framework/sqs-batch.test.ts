/** Each message of a batch on its own, whatever becomes of the others. */
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { again, done, eachRecord, type Outcome } from '../../lambdas/framework/sqs-batch.ts';

const event = (...ids: string[]): SQSEvent => ({ Records: ids.map((messageId) => ({ messageId, body: messageId }) as SQSRecord) });

async function run(handle: (body: string) => Promise<Outcome> | Outcome, ids: string[], comeBackFails = false) {
  const back: [string, number][] = [];
  const nothing = () => undefined;
  const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const comeBack = async ({ messageId }: SQSRecord, seconds: number) => {
    if (comeBackFails) throw new Error('no');
    back.push([messageId, seconds]);
  };
  const response = await eachRecord(event(...ids), { log, comeBack }, (record) => handle(record.body) as Promise<Outcome>);
  return { back, failures: response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) };
}

describe('a batch', () => {
  it('reports nothing when all is done', async () => {
    expect(await run(async () => done, ['a', 'b'])).toEqual({ back: [], failures: [] });
  });

  it('brings back what is to come again, in its time', async () => {
    const outcome = await run(async (body) => (body === 'b' ? again(90) : done), ['a', 'b', 'c']);
    expect(outcome).toEqual({ back: [['b', 90]], failures: ['b'] });
  });

  it('brings back a message whose handling failed, and only that', async () => {
    const outcome = await run(async (body) => (body === 'b' ? Promise.reject(new Error('boom')) : done), ['a', 'b']);
    expect(outcome).toEqual({ back: [['b', 5]], failures: ['b'] });
  });

  it('does so also when the handling failed before its first wait', async () => {
    const outcome = await run(
      (body) => {
        if (body === 'b') throw new SyntaxError('no JSON');
        return Promise.resolve(done);
      },
      ['a', 'b', 'c'],
    );
    expect(outcome).toEqual({ back: [['b', 5]], failures: ['b'] });
  });

  it('still reports a message whose visibility cannot be changed', async () => {
    expect(await run(async () => again(1), ['a'], true)).toEqual({ back: [], failures: ['a'] });
  });
});
