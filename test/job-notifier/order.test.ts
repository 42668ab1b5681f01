/** Changes of a placed job: each is told of, and the FIFO topic has them in their order whatever comes late or twice. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JobEvent } from '../../lambdas/contract/job.ts';
import { event as endOfFirstLife, NotifierWorld, url } from './notifier-world.ts';

function placedJob(world: NotifierWorld, fields: object = {}): string[] {
  world.stage.putJob({ job: 'job1', target: 'needs:', customer: 'acme', webhook: { url }, ...fields }, 'COMPLETED');
  return [
    world.changed({ state: 'waiting', sequence: 1 }, 'PENDING'),
    world.changed({ state: 'started', sequence: 2, pool: 'west' }, 'RUNNING'),
    world.changed({ state: 'retrying', sequence: 3, pool: 'west', class: 'TRANSIENT' }, 'PENDING'),
    world.changed({ state: 'completed', sequence: 4, pool: 'east' }, 'COMPLETED'),
  ];
}

const sequences = (messages: { message: string }[]) => messages.map(({ message }) => JobEvent.parse(JSON.parse(message)).sequence);

describe('each change of a placed job', () => {
  it('is told with what it was then, to filter by', async () => {
    const world = new NotifierWorld();
    for (const id of placedJob(world)) await world.hint(id);
    await world.run();
    const attributes = { job: 'job1', customer: 'acme', pool: 'west', class: 'TRANSIENT', sequence: '3' };
    expect(world.published.find((one) => one.attributes['sequence'] === '3')?.attributes).toEqual({
      ...attributes,
      type: 'job.retrying',
      state: 'retrying',
      status: 'PENDING',
    });
    const retrying = world.ordered[2];
    expect(JSON.parse(retrying?.message ?? '')).toMatchObject({
      id: 'job1_3',
      type: 'job.retrying',
      sequence: 3,
      pool: 'west',
      class: 'TRANSIENT',
      job: { status: 'PENDING', message: 'was PENDING, and was changed since' },
    });
    // The webhook is told of the end alone.
    expect(world.posts.map(({ event }) => event)).toEqual(['job1_4']);
  });

  it('fits a topic, however much a job has gone through', async () => {
    const world = new NotifierWorld();
    const attempt = { attempt: 1, class: 'TRANSIENT' as const, message: 'x'.repeat(10_000), time: '2026-01-01T00:00:00.000Z' };
    const history = Array.from({ length: 20 }, (_, i) => ({ ...attempt, attempt: i + 1 }));
    const placed = { step: 'ended' as const, stepKeyMs: 0, history, findings: Array.from({ length: 50 }, () => 'y'.repeat(1_000)) };
    const ids = placedJob(world, { placed, failure: 'z'.repeat(10_000) });
    for (const id of ids) await world.hint(id);
    await world.run();
    expect(sequences(world.ordered)).toEqual([1, 2, 3, 4]);
  });
});

describe('the FIFO topic', () => {
  it('has them in order, each once, whichever is hinted at first, twice, or never', () =>
    fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 }), async (hinted) => {
        const world = new NotifierWorld();
        const ids = placedJob(world);
        await Promise.all([...hinted, 3].map((i) => world.hint(ids[i])));
        await world.run();
        // The hint of the last one is enough.
        expect(sequences(world.ordered)).toEqual([1, 2, 3, 4]);
        expect(sequences(world.published).toSorted()).toEqual([1, 2, 3, 4]);
        expect(world.posts).toHaveLength(1);
      }),
      { numRuns: 40 },
    ));

  it('keeps the next one waiting while the one before cannot be published', async () => {
    const world = new NotifierWorld();
    const ids = placedJob(world);
    const isFirst = ({ operation, input }: { operation: string; input: Readonly<Record<string, unknown>> }) =>
      operation === 'Publish' && input['MessageDeduplicationId'] === ids[0];
    for (let nth = 1; nth <= 3; nth += 1)
      world.stage.aws.log.plant({ fits: isFirst, nth, when: 'before', effect: new Error('topic down') });
    await Promise.all(ids.map((id) => world.hint(id)));
    await world.stage.aws.clock.advance(20_000);
    expect(world.ordered).toEqual([]);
    await world.run();
    expect(sequences(world.ordered)).toEqual([1, 2, 3, 4]);
  });

  it('does not wait for one that was given up', async () => {
    const world = new NotifierWorld();
    world.stage.putJob({ job: 'job1', target: 'needs:' }, 'COMPLETED');
    await world.hint(world.changed({ state: 'completed', sequence: 7 }, 'COMPLETED'));
    await world.run();
    expect(sequences(world.ordered)).toEqual([7]);
  });

  it('has the end of a life before that of the next, of jobs of task groups, too', async () => {
    const world = new NotifierWorld();
    world.ended({});
    const next = endOfFirstLife.replace('_0_', '_1_');
    world.ended({}, { event: next, life: 1 });
    await world.hint(next);
    await world.run();
    expect(world.ordered.map(({ message }) => JobEvent.parse(JSON.parse(message)).id)).toEqual([endOfFirstLife, next]);
  });
});
