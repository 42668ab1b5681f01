/** The plain example: an ordinary handler, of which only what failed comes back. */
import { expect, test, vi } from 'vitest';
import { scriptedApi } from '../support/scripted-api.ts';

test('reports the tasks that failed and no others', async () => {
  const { url } = await scriptedApi({ '/A/1': [{ status: 200 }], '/A/2': [{ status: 429 }], '/A/3': [{ status: 200 }] });
  vi.stubEnv('PARTNER_URL', url);
  const { handler } = await import('../../examples/consumer-plain/index.ts');
  const records = [1, 2, 3].map((id) => ({ messageId: `message-${id}`, body: JSON.stringify({ customer: 'A', id }) }));
  // It reads nothing else of a record.
  const answer = await handler({ Records: records } as Parameters<typeof handler>[0]);
  expect(answer).toEqual({ batchItemFailures: [{ itemIdentifier: 'message-2' }] });
});
