/** What the task function gets as its body. */
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineConsumer } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

const echo = { task: (body: unknown) => body };
const first = (handler: Parameters<typeof testConsumer>[0], body: unknown) => testConsumer(handler).send(body).attempt();

describe('a body', () => {
  it('is parsed JSON by default', async () => {
    expect((await first(defineConsumer(echo), '{"n": [1]}')).result).toEqual({ n: [1] });
  });

  it('is text where the consumer says so', async () => {
    expect((await first(defineConsumer({ ...echo, body: 'text' }), '{not json')).result).toBe('{not json');
  });

  it('that is no JSON is dead at once, as DATA', async () => {
    const { outcome, deadLetter } = await first(defineConsumer(echo), '{not json');
    expect(outcome).toBe('dead');
    expect(deadLetter?.letter).toMatchObject({ class: 'DATA', message: expect.stringMatching(/^body: is not JSON .*body: 'text'/) });
  });
});

const schemas = {
  zod: z.object({ id: z.coerce.number(), items: z.array(z.object({ name: z.string() })) }),
  valibot: v.object({ id: v.pipe(v.unknown(), v.transform(Number)), items: v.array(v.object({ name: v.string() })) }),
  'zod, asynchronous': z.object({ id: z.coerce.number().refine(async () => true), items: z.array(z.object({ name: z.string() })) }),
};

describe.each(Object.entries(schemas))('a schema of %s', (_name, schema) => {
  const handler = defineConsumer({ schema, task: (body) => body });

  it('gives the task its output', async () => {
    expect((await first(handler, { id: '7', items: [] })).result).toEqual({ id: 7, items: [] });
  });

  it('makes a body that does not fit a DATA error that names each place', async () => {
    const { outcome, deadLetter } = await first(handler, { id: '7', items: [{ name: 'a' }, { name: 1 }, {}] });
    expect(outcome).toBe('dead');
    expect(deadLetter?.letter).toMatchObject({
      class: 'DATA',
      attempt: 1,
      message: expect.stringMatching(/body\.items\.1\.name: .*; body\.items\.2\.name: /),
    });
  });
});

it('names ten places, and says how many more there are', async () => {
  const handler = defineConsumer({ schema: z.array(z.string()), task: () => {} });
  const { deadLetter } = await first(handler, Array(13).fill(1));
  expect(deadLetter?.letter?.message).toMatch(/body\.9: .*; and 3 more$/);
});

it('a schema that fails by itself fails the attempt, not the invocation', async () => {
  const handler = defineConsumer({
    schema: z.string().refine(() => {
      throw new Error('the database of the schema is down');
    }),
    task: () => {},
  });
  expect((await first(handler, '"x"')).outcome).toBe('retry');
});
