/** Any task group: text of 1-255 characters, as DynamoDB keeps it (no half surrogates). */
import fc from 'fast-check';

const character = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  fc.constantFrom('a', 'A', ' ', '-', '=', '%', '\uFEFF', '\u2028', '日', 'e\u0301'),
);

export const anyGroup = fc.oneof(
  fc.array(character, { minLength: 1, maxLength: 60 }).map((characters) => characters.join('')),
  fc.integer({ min: 1, max: 255 }).map((length) => 'x'.repeat(length)),
);
