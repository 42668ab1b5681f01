/** From a client's options to where the API is and who calls it. Looked up at the first call, so that making a client costs nothing. */
import { defaultCredentials, defaultRegion, outputOfStack } from '../aws/surroundings.ts';
import { SluiceClientError } from '../errors.ts';
import type { ClientOptions, Credentials } from '../options.ts';

export interface Connection {
  /** Ends without a slash. */
  baseUrl: string;
  region: string;
  credentials: Credentials | (() => Promise<Credentials>);
  fetch: typeof globalThis.fetch;
}

type Environment = Record<string, string | undefined>;

export async function connectionOf(options: ClientOptions, environment: Environment): Promise<Connection> {
  const baseUrl = checked(await addressOf(options, environment));
  return {
    baseUrl,
    region: options.region ?? regionOfHost(baseUrl) ?? (await defaultRegion()),
    credentials: options.credentials ?? defaultCredentials(),
    fetch: options.fetch ?? globalThis.fetch,
  };
}

/** What is said here goes over the environment, an address over a stack. */
async function addressOf(options: ClientOptions, environment: Environment): Promise<string> {
  if (options.apiUrl !== undefined) return options.apiUrl;
  if (options.stack !== undefined) return outputOfStack(options.stack, 'ApiUrl', options);
  const { SLUICE_API_URL: apiUrl, SLUICE_STACK: stack } = environment;
  if (apiUrl) return apiUrl;
  if (stack) return outputOfStack(stack, 'ApiUrl', options);
  throw new SluiceClientError(
    'Which stage? Give createClient an apiUrl (the output ApiUrl of the stack) or a stack, or set SLUICE_API_URL or SLUICE_STACK.',
  );
}

function checked(address: string): string {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol))
    throw new SluiceClientError(`${JSON.stringify(address)} is no address of an API; it is the output ApiUrl of the stage's stack.`);
  return address.replace(/\/+$/, '');
}

const regionOfHost = (address: string) => /\.execute-api\.([a-z0-9-]+)\.amazonaws\.com/.exec(new URL(address).hostname)?.[1];
