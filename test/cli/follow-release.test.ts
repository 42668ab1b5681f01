/** Following a release: whatever changes of it is seen, also where two changes are of the same millisecond. */
import { expect, it } from 'vitest';
import type { Stage } from '../../cli/aws/connect.ts';
import { followRelease } from '../../cli/release/follow.ts';
import type { Release } from '../../lambdas/contract/release-row.ts';

const release = (change: Partial<Release>): Release => ({
  ...{ codeKey: 'consumer.zip', id: 'release#v1', version: 'v1', state: 'RollingOut', message: 'rolling out' },
  ...{ uploadedAt: '2026-01-01T00:00:00.000Z', sizeBytes: 1, provenFor: [], total: 1, done: 0, failed: 0, skipped: 0 },
  ...{ updatedAt: '2026-01-01T00:00:01.000Z' },
  ...change,
});

/** Its table says one after the other, then the last. */
function stageThatSays(...items: (Release | undefined)[]): Stage {
  const send = async () => ({ Item: items.length > 1 ? items.shift() : items[0] });
  return { name: 'test', clients: { documents: { send } }, output: (name: string) => name, caller: {} } as unknown as Stage;
}

it('ends with a release that was counted and closed within a millisecond, though it was seen in between', async () => {
  const [counted, closed] = [release({ done: 1 }), release({ done: 1, state: 'RolledOut' })];
  const seen: Release[] = [];
  const stage = stageThatSays(undefined, counted, closed);
  const end = await followRelease(stage, 'consumer.zip', 'v1', (one) => seen.push(one), AbortSignal.timeout(20_000));
  expect(end).toEqual(closed);
  expect(seen).toEqual([counted, closed]);
});
