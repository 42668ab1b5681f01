/**
 * A task in three steps: fetch a report, sum it up, store the result. Each step's result is recorded, so a task that
 * fails at the third is tried again at the third. Summing up needs a licence of which the whole stage has few: a permit.
 */
import { DataError, defineConsumer } from 'sluice/consumer';
import * as z from 'zod';

const Task = z.object({ source: z.url(), target: z.url() });

export const handler = defineConsumer({
  schema: Task,
  async task({ source, target }, { step, withPermit, signal, log }) {
    const report = await step('download', () => download(source, signal));
    // Inside the step: a task that has its sum already asks for no permit.
    const totals = await step('transform', () => withPermit('licence', () => sumUp(report)));
    // A step that dies half-way runs again, so what it does must bear that: the same PUT twice stores the same thing.
    await step('upload', () => upload(target, totals, signal));
    log.info('report stored', { products: Object.keys(totals).length });
  },
});

async function download(source: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(source, { signal });
  if (!response.ok) throw new Error(`the source answered ${response.status}`, { cause: response });
  return response.text();
}

/** Lines of `product,amount` as the sum of each product's amounts. */
function sumUp(report: string): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const line of report.split('\n').filter((text) => text.trim() !== '')) {
    const [product = '', amount = ''] = line.split(',');
    if (product === '' || !Number.isFinite(Number.parseFloat(amount))) throw new DataError(`not a line of product,amount: ${line}`);
    totals[product] = (totals[product] ?? 0) + Number.parseFloat(amount);
  }
  return totals;
}

async function upload(target: string, totals: Record<string, number>, signal: AbortSignal): Promise<void> {
  const response = await fetch(target, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(totals),
    signal,
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`the target answered ${response.status}`, { cause: response });
}
