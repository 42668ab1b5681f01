/** The first is always the right one, whatever was set, moved and taken away before. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { comparePlaces, Ordered } from '../../../lambdas/domain/placement/ordered.ts';

const place = fc.record({ share: fc.constantFrom(0, 0.25, 0.5), orderMs: fc.integer({ min: 0, max: 5 }), job: fc.constant('') });
const step = fc.record({ item: fc.integer({ min: 0, max: 30 }), place: fc.option(place, { freq: 3 }) });

it('keeps the first at hand', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const ordered = new Ordered<number>();
      const known = new Map<number, { share: number; orderMs: number; job: string }>();
      for (const { item, place: at } of steps) {
        if (at === null) {
          ordered.delete(item);
          known.delete(item);
        } else {
          const own = { ...at, job: `job-${item}` };
          ordered.set(item, own);
          known.set(item, own);
        }
        const [first] = [...known].sort(([, a], [, b]) => comparePlaces(a, b));
        expect([ordered.size, ordered.first, ordered.firstPlace]).toEqual([known.size, first?.[0], first?.[1]]);
        expect(ordered.placeOf(item)).toBe(known.get(item));
      }
      expect(new Map(ordered.entries())).toEqual(known);
    }),
  );
});
