/** The items of the examples are good ones: fields, and what they must agree on, without a warning. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { effectiveItem } from '../../lambdas/domain/effective-item.ts';
import { stage } from '../domain/builders.ts';

const folder = join(import.meta.dirname, '..', '..', 'examples', 'config-items');

it.each(readdirSync(folder))('%s', (file) => {
  const item: unknown = JSON.parse(readFileSync(join(folder, file), 'utf8').replaceAll('sluice-dev', stage.settings.prefix));
  expect(effectiveItem(item, undefined, stage)).toMatchObject({ valid: true, warnings: [] });
});
