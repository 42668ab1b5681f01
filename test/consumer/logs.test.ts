/** The log lines of a task. */
import { expect, it } from 'vitest';
import { defineConsumer, type TaskLog } from '../../consumer/index.ts';
import { testConsumer } from '../../consumer/testing.ts';

const ids = { stage: 'test', group: 'test', taskId: 'j-1/1/t-1', job: 'j-1', attempt: 1, receives: 1, messageId: 'message-1' };

async function logged(write: (log: TaskLog) => void, logLevel?: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR') {
  const handler = defineConsumer({ metrics: false, ...(logLevel ? { logLevel } : {}), task: (_body, { log }) => write(log) });
  const attempt = await testConsumer(handler).send({}, { id: 't-1', job: 'j-1' }).attempt();
  expect(attempt.outcome).toBe('done');
  return attempt.logs;
}

it('carry the ids, whatever the fields are called', async () => {
  const [line] = await logged((log) => log.info('charged', { amount: 7, taskId: 'other', attempt: 99 }));
  expect(line).toEqual({ level: 'INFO', message: 'charged', timestamp: '2026-01-01T00:00:00.000Z', amount: 7, ...ids });
});

it('keep their level, message and time, whatever the fields are called', async () => {
  const [line] = await logged((log) => log.warn('charged', { level: 7, message: 'other', timestamp: 'then' }));
  expect(line).toMatchObject({ level: 'WARN', message: 'charged', timestamp: '2026-01-01T00:00:00.000Z' });
});

it.each([
  ['DEBUG', 4],
  ['INFO', 3],
  ['WARN', 2],
  ['ERROR', 1],
] as const)('from %s on', async (least, count) => {
  const all = (log: TaskLog) => {
    log.debug('d');
    log.info('i');
    log.warn('w');
    log.error('e');
  };
  expect(await logged(all, least)).toHaveLength(count);
});

it('of the runtime carry the ids, too', async () => {
  const handler = defineConsumer({
    metrics: false,
    task: () => {
      throw new Error('no');
    },
  });
  const { logs } = await testConsumer(handler).send({}, { id: 't-1', job: 'j-1' }).attempt();
  expect(logs).toEqual([expect.objectContaining({ ...ids, level: 'WARN', class: 'TRANSIENT', reason: 'no', seconds: 2 })]);
});

const circle: Record<string, unknown> = { name: 'circle' };
circle['self'] = circle;
const wrapped = new Error('outer', { cause: new TypeError('inner') });
const selfCaused = new Error('self');
selfCaused.cause = selfCaused;
const throwing = {
  toJSON() {
    throw new Error('cannot be told');
  },
};
const getter = {
  get secretly() {
    throw new Error('cannot be read');
  },
};

it.each([
  ['a circle', circle, { name: 'circle', self: '[circular]' }],
  ['the same object twice', { a: wrapped.name, b: [1n, 1n] }, { a: 'Error', b: ['1', '1'] }],
  ['an error with a cause', wrapped, { name: 'Error', message: 'outer', cause: { name: 'TypeError', message: 'inner' } }],
  ['an error that is its own cause', selfCaused, { name: 'Error', message: 'self', cause: '[circular]' }],
])('tell %s', async (_what, value, told) => {
  const [line] = await logged((log) => log.info('look', { value }));
  expect(line).toMatchObject({ message: 'look', value: told, ...ids });
});

it.each([
  ['toJSON throws', throwing],
  ['a property throws', getter],
  ['it is too deep', Array.from({ length: 20_000 }).reduce((inner: unknown) => [inner], 1)],
])('are written with their message and ids even where %s', async (_what, value) => {
  const [line] = await logged((log) => log.info('look', { value }));
  expect(line).toMatchObject({ level: 'INFO', message: 'look', ...ids });
});
