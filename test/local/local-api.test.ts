import { expect, it } from 'vitest';
import { localApiUrl } from '../../local/local-api.ts';

it.each([
  ['https://a1b2c3.execute-api.us-east-1.amazonaws.com', 'http://localhost:4566'],
  ['https://a1b2c3.execute-api.localhost:4566', 'https://localhost:4566'],
])('%s is below %s', (output, endpoint) => {
  expect(localApiUrl(output, endpoint)).toBe(`${endpoint}/_aws/execute-api/a1b2c3`);
});
