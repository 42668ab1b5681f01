/** What a client is made of. Types only. */

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

export interface ClientOptions {
  /** The stage's output `ApiUrl`. */
  apiUrl?: string;
  /** In its place, the stage's CloudFormation stack, whose output it is. Default: `SLUICE_API_URL`, then `SLUICE_STACK`. */
  stack?: string;
  /** Default: that of the API's address, else what the AWS SDK finds (`AWS_REGION`, the profile). */
  region?: string;
  /** Default: what the AWS SDK finds. */
  credentials?: Credentials | (() => Promise<Credentials>);
  /** In place of the global one. */
  fetch?: typeof globalThis.fetch;
}
