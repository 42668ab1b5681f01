/** What an author is told of the library and of the wire protocol is whole: every class, attribute, variable, field. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { consumerEnvironment } from '../../lambdas/contract/consumer-env.ts';
import { AttemptRecord, CoolingRecord, JobStateRecord, LimitedRecord, StepRecord } from '../../lambdas/contract/task-table.ts';
import { errorClasses, inlineResultBytes, isRetried, Lease, Letter, Report, taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { effectiveItem } from '../../lambdas/domain/effective-item.ts';
import { classOfHttpStatus } from '../../lambdas/domain/task/classify-http.ts';
import { stage } from '../domain/builders.ts';

const project = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(project, path), 'utf8');
const rows = (text: string) => text.split('\n').filter((line) => line.startsWith('|'));
const quoted = (text: string) => new Set([...text.matchAll(/`([^`\n]+)`/g)].map(([, word = '']) => word));

describe('docs/consumer.md', () => {
  const text = read('docs/consumer.md');

  it("shows the demo's consumer as it is", () => {
    const [, code = ''] = /\*\/\n([\s\S]*)/.exec(read('examples/consumer-demo/index.ts')) ?? [];
    expect(text).toContain(`\`\`\`ts\n${code}\`\`\``);
  });

  it.each(errorClasses)('says whether %s is tried again', (errorClass) => {
    const row = rows(text).find((line) => line.startsWith(`| \`${errorClass}\``)) ?? '';
    expect(row.split('|')[3]?.trim()).toMatch(isRetried(errorClass) ? /^yes/ : /^no$/);
  });

  /** Statuses of a cell such as `HTTP 408, 409, and 5xx but 501 and 505 (…)`: those before the `but`. */
  const told = rows(text).flatMap((row) => {
    const [, cell = '', verdict = ''] = row.split('|').map((part) => part.trim());
    if (!cell.startsWith('HTTP')) return [];
    const statuses = [...(cell.split('but')[0] ?? '').matchAll(/\b[45]\d\d\b/g)].map(([status]) => Number(status));
    return statuses.map((status) => ({ status, verdict: verdict.replaceAll('`', '') }));
  });
  it.each(told.filter(({ status }) => status !== 429))('tells what HTTP $status is', ({ status, verdict }) => {
    expect(classOfHttpStatus(status)).toBe(verdict);
  });
});

describe('the table of rates', () => {
  const cells = rows(read('docs/consumer.md')).map((row) => row.split('|').map((cell) => Number.parseFloat(cell)));
  const rates = cells.filter((row) => row.slice(1, 6).every((value) => value > 0));
  const atLeast = 0.2;

  it('is there', () => expect(rates.length).toBeGreaterThan(5));
  it.each(rates)('%$: follows its rules', (_, rate = 0, taskSeconds = 0, concurrency = 0, batch = 0, lasts = 0) => {
    const close = 1e-9;
    expect(concurrency).toBe(Math.ceil(rate * taskSeconds - close));
    expect(batch).toBe(Math.max(1, Math.ceil((atLeast * rate) / concurrency - close)));
    expect(lasts).toBeCloseTo((batch * concurrency) / rate);
    const item = { taskGroup: 'rated', consumer: 'sluice', concurrency, ratePerSecond: rate, batch: { size: batch } };
    expect(effectiveItem(item, undefined, stage)).toMatchObject({ valid: true });
  });
});

describe('docs/wire-protocol.md', () => {
  const text = read('docs/wire-protocol.md');
  const words = quoted(text);
  const names = [
    ...Object.values(consumerEnvironment),
    ...Object.values(taskAttributes),
    ...errorClasses,
    ...[Lease, Letter, Report, AttemptRecord, StepRecord, CoolingRecord, JobStateRecord].flatMap((schema) => Object.keys(schema.shape)),
  ];
  it.each([...new Set(names)])('names %s', (name) => expect(words).toContain(name));
  it('shows a report as it is, and says how long a result may be in it', () => {
    const [, shown = ''] = /```json\n(\{\s*"v": 1,\s*"job"[^`]*)\n```/.exec(text) ?? [];
    expect(Report.parse(JSON.parse(shown))).toMatchObject({ status: 'done', result: '{"sum":42}' });
    expect(text).toContain(`${inlineResultBytes.toLocaleString('en')} bytes`);
  });
  it.each(Object.keys(LimitedRecord.shape))('names %s of the count of refusals', (name) => expect(text).toContain(name));
});

describe('the READMEs of the examples', () => {
  it.each([
    ['consumer-demo', 'A'],
    ...['consumer-http', 'consumer-steps', 'consumer-plain', 'consumer-python'].map((name) => [name, name]),
  ])('%s shows its item as it is', (folder, item) => {
    expect(read(`examples/${folder}/README.md`)).toContain(`\`\`\`json\n${read(`examples/config-items/${item}.json`)}\`\`\``);
  });
});
