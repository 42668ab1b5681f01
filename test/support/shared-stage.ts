/** The one stage that all tests against MiniStack share: what the global setup deploys and a test file is told of it. */
import { inject } from 'vitest';
import type { OutputName } from '../../lambdas/contract/outputs.ts';

export interface SharedStage {
  endpoint: string;
  s3Endpoint: string;
  region: string;
  account: string;
  caFile: string;
  outputs: Record<OutputName, string>;
  /** The synthesized app that was deployed. */
  assembly: string;
  /** The account's concurrency, as the local AWS says it. */
  accountConcurrency: number;
  /** The proxy between the functions and the local AWS, for queue addresses handed to functions. */
  proxyUrl: string;
  /** Folder of what is recorded for a look at the whole suite (records.ts). */
  records: string;
  /** Where our functions' calls are recorded, a JSON line each (recording-proxy.ts). */
  recordFile: string;
  /** Where the proxy between the functions and the local AWS is told to send calls another way; plain HTTP. */
  proxyControl: string;
  /** Address by which another proxy reaches the local AWS on the functions' behalf; plain HTTP. */
  proxyBackDoor: string;
  /** What a client of the local AWS (the CDK CLI) needs in its environment. */
  clientEnvironment: Record<string, string>;
  /** Where the stage lets webhooks go, on localhost; and the key of the certificate that everybody here trusts. */
  webhookPort: number;
  keyFile: string;
  /** For the tests' own files; gone afterwards. */
  folder: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    stage: SharedStage;
  }
}

export const stage = inject('stage');
