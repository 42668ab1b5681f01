import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Partner, startPartner } from '../../local/demo/partner.ts';

let partner: Partner;
beforeEach(async () => {
  partner = await startPartner(['sluice', 'shared'], [{ taskGroup: 'A', limit: 2, tasks: 3 }], 20);
});
afterEach(() => partner.stop());

const call = async (system: string, path: string) => (await fetch(`${partner.urlFor(system)}/${path}`, { method: 'POST' })).status;
const figures = (system: string) => partner.books(system).get('A')?.figures(performance.now());

it('serves as many calls at once as the limit says and answers 429 to the next', async () => {
  const statuses = await Promise.all(['A/1', 'A/2', 'A/3'].map((path) => call('sluice', path)));
  expect(statuses.sort()).toEqual([200, 200, 429]);
  expect(figures('sluice')).toMatchObject({ done: 2, refused: 1, inFlight: 0 });
});

it('keeps books of its own for each system', async () => {
  await call('shared', 'A/1');
  expect(figures('sluice')).toMatchObject({ done: 0 });
  expect(figures('shared')).toMatchObject({ done: 1 });
});

it('serves a customer it has never heard of without a limit', async () => {
  expect(await Promise.all(['Z/1', 'Z/2', 'Z/3'].map((path) => call('sluice', path)))).toEqual([200, 200, 200]);
});

it('does not know other systems', async () => {
  expect(await call('other', 'A/1')).toBe(404);
});
