/** Where a client finds its API. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectionOf } from '../../client/api/connection.ts';
import type { ClientOptions } from '../../client/options.ts';
import { credentials } from './credentials.ts';

const address = 'https://abc123.execute-api.eu-north-1.amazonaws.com';

/** CloudFormation with one stack, over its query protocol. */
async function stackDouble(outputs: Record<string, string>): Promise<string[]> {
  const asked: string[] = [];
  const members = Object.entries(outputs).map(
    ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const stack = `<member><StackName>s</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-27T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs></member>`;
  const server = createServer(async (request, response) => {
    for await (const chunk of request) asked.push(String(chunk));
    response.writeHead(200, { 'content-type': 'text/xml' });
    response.end(`<DescribeStacksResponse><DescribeStacksResult><Stacks>${stack}</Stacks></DescribeStacksResult></DescribeStacksResponse>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.close();
    server.closeAllConnections();
  });
  return asked;
}

it.each<[string, ClientOptions, Record<string, string>, { baseUrl: string; region: string }]>([
  [
    'the address given, and its region',
    { apiUrl: `${address}/` },
    { SLUICE_API_URL: 'https://other' },
    { baseUrl: address, region: 'eu-north-1' },
  ],
  ['that of the environment', {}, { SLUICE_API_URL: address, SLUICE_STACK: 's' }, { baseUrl: address, region: 'eu-north-1' }],
  [
    'a path in front',
    { apiUrl: 'http://localhost:1/_aws/execute-api/x', region: 'r' },
    {},
    { baseUrl: 'http://localhost:1/_aws/execute-api/x', region: 'r' },
  ],
])('takes %s', async (_what, options, environment, expected) => {
  expect(await connectionOf({ credentials, ...options }, environment)).toMatchObject(expected);
});

describe('by stack', () => {
  it.each<[ClientOptions, Record<string, string>]>([
    [{ stack: 'mine' }, { SLUICE_API_URL: 'https://other' }],
    [{}, { SLUICE_STACK: 'mine' }],
  ])('looks its output up', async (options, environment) => {
    const asked = await stackDouble({ Prefix: 'p', ApiUrl: address });
    expect(await connectionOf({ credentials, region: 'eu-north-1', ...options }, environment)).toMatchObject({ baseUrl: address });
    expect(asked.join()).toContain('StackName=mine');
  });

  it('says that a stack is no stage with an API', async () => {
    await stackDouble({ Prefix: 'p' });
    await expect(connectionOf({ credentials, region: 'eu-north-1', stack: 'mine' }, {})).rejects.toThrow('has no output ApiUrl');
  });
});

it.each<[string, ClientOptions, string]>([
  ['nothing', {}, 'SLUICE_API_URL or SLUICE_STACK'],
  ['what is no address', { apiUrl: 'abc123' }, 'is no address of an API'],
])('says what to do with %s', async (_what, options, message) => {
  await expect(connectionOf({ credentials, ...options }, {})).rejects.toThrow(message);
});
