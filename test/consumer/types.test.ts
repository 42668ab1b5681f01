/** What an author's types are. Looked at by tsc; nothing is run. */
import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import { defineConsumer, type PermitOptions, type Recorded, type TaskContext } from '../../consumer/index.ts';

describe('the body', () => {
  it('is unknown where it is JSON without a schema', () => {
    defineConsumer({ task: (body) => expectTypeOf(body).toBeUnknown() });
    defineConsumer({ body: 'json', task: (body) => expectTypeOf(body).toBeUnknown() });
  });

  it('is a string where it is text without a schema, wherever that is said', () => {
    defineConsumer({ body: 'text', task: (body) => expectTypeOf(body).toBeString() });
    defineConsumer({
      task(body, context) {
        expectTypeOf(body).toBeString();
        expectTypeOf(context).toEqualTypeOf<TaskContext>();
      },
      body: 'text',
    });
    defineConsumer({ body: 'text', task: async (body: string) => body.length });
    // @ts-expect-error a text is no number
    defineConsumer({ body: 'text', task: (body: number) => body });
  });

  it('is unknown where only the run tells', () => {
    const body = process.env['BODY'] === 'text' ? ('text' as const) : ('json' as const);
    defineConsumer({ body, task: (received) => expectTypeOf(received).toBeUnknown() });
  });

  it("is the schema's output with a schema", () => {
    type Output = { id: number };
    defineConsumer({ schema: z.object({ id: z.coerce.number() }), task: (body) => expectTypeOf(body).toEqualTypeOf<Output>() });
    defineConsumer({ schema: mini.object({ id: mini.number() }), task: (body) => expectTypeOf(body).toEqualTypeOf<Output>() });
    defineConsumer({ task: (body) => expectTypeOf(body).toEqualTypeOf<Output>(), schema: v.object({ id: v.number() }) });
    const lines = z.string().transform((text) => text.split(','));
    defineConsumer({ body: 'text', schema: lines, task: (body) => expectTypeOf(body).toEqualTypeOf<string[]>() });
  });
});

describe('what a step gives back', () => {
  it('keeps the shape of tuples and arrays', () => {
    expectTypeOf<Recorded<[string, Date]>>().toEqualTypeOf<[string, string]>();
    expectTypeOf<Recorded<readonly [id: number, at?: Date]>>().toEqualTypeOf<readonly [id: number, at?: string]>();
    expectTypeOf<Recorded<Date[]>>().toEqualTypeOf<string[]>();
    expectTypeOf<Recorded<readonly Date[]>>().toEqualTypeOf<readonly string[]>();
    expectTypeOf<Recorded<{ pairs: [Date, number][] }>>().toEqualTypeOf<{ pairs: [string, number][] }>();
  });

  it('is what went through JSON otherwise', () => {
    expectTypeOf<Recorded<{ at: Date; n: number | null }>>().toEqualTypeOf<{ at: string; n: number | null }>();
    expectTypeOf<Recorded<void>>().toEqualTypeOf<undefined>();
  });
});

it('the options of a permit have a name', () => {
  expectTypeOf<TaskContext['withPermit']>().parameter(2).toEqualTypeOf<PermitOptions | undefined>();
});
