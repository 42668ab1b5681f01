/** The notifier dies at any of its calls, before or after it took effect: the event arrives all the same, under one id and with the same bytes. */
import { describe, expect, it } from 'vitest';
import { event, NotifierWorld } from './notifier-world.ts';

const isOurs = ({ caller }: { caller: string }) => caller.startsWith('job-notifier');

async function callsOfADelivery(): Promise<string[]> {
  const world = new NotifierWorld();
  world.ended();
  await world.hint();
  await world.run();
  return world.stage.aws.log.calls.filter(isOurs).map(({ operation }) => operation);
}

const operations = await callsOfADelivery();

describe.each(operations.map((operation, i) => ({ operation, nth: i + 1 })))('at call $nth, $operation', ({ nth }) => {
  it.each(['before', 'after'] as const)('dies %s it', async (when) => {
    const world = new NotifierWorld();
    world.stage.aws.log.plant({ fits: isOurs, nth, when, effect: 'crash' });
    world.ended();
    await world.hint();
    await world.run();
    expect(world.notifier.tally.killed).toBe(1);
    expect(world.row).toBeUndefined();
    const messages = [...world.published.map(({ message }) => message), ...world.posts.map(({ body }) => body)];
    expect(world.published.length).toBeGreaterThan(0);
    expect(world.posts.length).toBeGreaterThan(0);
    expect(messages.length).toBeLessThanOrEqual(3);
    expect(new Set(messages).size).toBe(1);
    expect(JSON.parse(messages[0] ?? '')).toMatchObject({ id: event });
  });
});

it('is about every call there is', () => expect(operations).toContain('Publish'));
