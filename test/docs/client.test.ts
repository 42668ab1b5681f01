/** docs/client.md names every method, error and option there is. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as client from '../../client/index.ts';
import { inProject } from '../../local/paths.ts';

const text = readFileSync(inProject('docs', 'client.md'), 'utf8');

describe('docs/client.md', () => {
  it.each(Object.keys(client.createClient()))('tells of %s', (method) => expect(text).toMatch(new RegExp(`\`${method}\\(`)));

  it.each(Object.keys(client).filter((name) => name.endsWith('Error')))('tells of %s', (name) => expect(text).toContain(`\`${name}\``));

  const options: Record<
    keyof client.ClientOptions | keyof client.SendOptions | keyof client.WaitOptions | keyof client.SubmitOptions,
    true
  > = {
    apiUrl: true,
    stack: true,
    region: true,
    credentials: true,
    fetch: true,
    id: true,
    delaySeconds: true,
    body: true,
    messageGroup: true,
    maxConcurrent: true,
    signal: true,
    onProgress: true,
    timeoutSeconds: true,
    idempotencyKey: true,
    onUpload: true,
  };
  it.each(Object.keys(options))('tells of the option %s', (name) => expect(text).toContain(name));
});
