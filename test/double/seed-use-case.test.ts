/** The seed's use case, in virtual time: limits held and used, late groups wait and start by themselves. */
import { expect, it } from 'vitest';
import { seedUseCase } from '../../bench/seed-world.ts';

it('runs 45 groups at their limits in one account, and the next ones when room is made', async () => {
  const figures = await seedUseCase(8 * 60_000);
  expect(figures).toMatchObject({ running: 45, reserved: 900, violations: [], lateRunning: 5 });
  expect(figures.utilisation.lowest).toBeGreaterThanOrEqual(0.95);
  expect(figures.lateUtilisation).toBeGreaterThanOrEqual(0.95);
  for (const status of figures.waiting) expect(status).toMatch(/^Waiting: waits for room/);
}, 60_000);
