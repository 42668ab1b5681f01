import { strFromU8, unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { consumerZip } from '../../local/consumer-zip.ts';
import { inProject } from '../../local/paths.ts';

it('bundles a TypeScript consumer into one module', async () => {
  const files = unzipSync(await consumerZip(inProject('examples', 'consumer-plain')));
  expect(Object.keys(files)).toEqual(['index.mjs']);
  expect(strFromU8(files['index.mjs'] as Uint8Array)).toMatch(/export \{\s*handler/);
});

it('packs a Python consumer as it is, without its README', async () => {
  expect(Object.keys(unzipSync(await consumerZip(inProject('examples', 'consumer-python'))))).toEqual(['index.py']);
});

it('makes the same zip of the same files', async () => {
  const folder = inProject('examples', 'consumer-plain');
  expect(await consumerZip(folder)).toEqual(await consumerZip(folder));
});

it('says so when there is no such folder', async () => {
  await expect(consumerZip('/nowhere')).rejects.toThrow('There is no folder /nowhere');
});
