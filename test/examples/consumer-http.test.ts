/** The example that calls an HTTP API: its key, its repeats, and what each answer means. */
import { expect, test, vi } from 'vitest';
import { testConsumer } from '../../consumer/testing.ts';
import { handler } from '../../examples/consumer-http/index.ts';
import { type Answer, scriptedApi } from '../support/scripted-api.ts';

const contact = { id: 'c 17', email: 'ada@example.com' };
const stored = { body: '{"status": "stored"}' };

const crm = async (...answers: Answer[]) => {
  const api = await scriptedApi({ '*': answers });
  vi.stubEnv('CRM_URL', api.url);
  return { ...api, contacts: testConsumer(handler, { secrets: { CRM_API_KEY: 'key-of-acme' } }) };
};

test('sends the contact with the secret key', async () => {
  const { contacts, asked } = await crm(stored);
  expect(await contacts.send(contact).attempt()).toMatchObject({ outcome: 'done' });
  expect(asked[0]).toMatchObject({ method: 'PUT', path: '/contacts/c%2017', headers: { authorization: 'Bearer key-of-acme' } });
  expect(JSON.parse(asked[0]?.body ?? '')).toEqual(contact);
});

test('repeats carry the same idempotency key', async () => {
  const { contacts, asked } = await crm({ status: 502 }, { status: 429 }, stored);
  expect(await contacts.send(contact, { id: 'import-9' }).untilEnd()).toMatchObject({ outcome: 'done' });
  expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual(['import-9', 'import-9', 'import-9']);
});

test('waits as long as Retry-After says', async () => {
  const { contacts } = await crm({ status: 429, headers: { 'retry-after': '42' } }, stored);
  expect(await contacts.send(contact).attempt()).toMatchObject({ outcome: 'back', delaySeconds: 42 });
});

test.for([
  { answer: { status: 401 }, letter: { class: 'CONFIGURATION', message: 'the CRM answered 401' } },
  { answer: { status: 422 }, letter: { class: 'DATA', message: 'the CRM answered 422' } },
  { answer: { body: '{"status": "blocked"}' }, letter: { class: 'PERMANENT', message: 'the CRM blocks contact c 17' } },
])('a task the CRM answers with $answer is dead at once: $letter.class', async ({ answer, letter }) => {
  const { contacts } = await crm(answer);
  const { deadLetter } = await contacts.send(contact).attempt();
  expect(deadLetter?.letter).toMatchObject({ ...letter, attempt: 1 });
});

test('the key is in no log line', async () => {
  const { contacts } = await crm({ status: 500 }, stored);
  const task = contacts.send(contact);
  const lines = [...(await task.attempt()).logs, ...(await task.attempt()).logs];
  expect(JSON.stringify(lines)).not.toContain('key-of-acme');
});
