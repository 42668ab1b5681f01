import { strFromU8, unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { consumerZip } from '../../cli/release/consumer-zip.ts';
import { inProject } from '../../local/paths.ts';

it('bundles a TypeScript consumer into one module', async () => {
  const files = unzipSync(await consumerZip(inProject('examples', 'consumer-plain')));
  expect(Object.keys(files)).toEqual(['index.mjs']);
  expect(strFromU8(files['index.mjs'] as Uint8Array)).toMatch(/export \{\s*handler/);
});

it('packs a Python consumer as it is, without its README', async () => {
  const files = Object.keys(unzipSync(await consumerZip(inProject('examples', 'consumer-python'))));
  expect(files.toSorted()).toEqual([
    'index.py',
    ...['__init__.py', 'batch.py', 'environment.py', 'leases.py', 'reports.py', 'rules.py', 'tables.py', 'task.py'].map(
      (name) => `sluice/${name}`,
    ),
  ]);
});

it('makes the same zip of the same files', async () => {
  const folder = inProject('examples', 'consumer-plain');
  expect(await consumerZip(folder)).toEqual(await consumerZip(folder));
});

it('says so when there is nothing there', async () => {
  await expect(consumerZip('/nowhere')).rejects.toThrow('There is no /nowhere');
});
