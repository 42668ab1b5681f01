/** How a command ends: its exit code, and what it says of an error. Pure. docs/cli.md tells the codes. */
import { CommanderError } from 'commander';
import { SluiceApiError, SluiceClientError } from '../client/errors.ts';
import { HelpfulError, UsageError } from './helpful-error.ts';

export const exitCodes = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

export interface Ending {
  code: number;
  /** For stderr; undefined where it was said already. */
  says?: string;
}

export function endingOf(error: unknown): Ending {
  // Commander has printed its help or its complaint.
  if (error instanceof CommanderError) return { code: error.exitCode === 0 ? exitCodes.done : exitCodes.usage };
  if (error instanceof UsageError) return { code: exitCodes.usage, says: error.message };
  if (error instanceof HelpfulError || error instanceof SluiceClientError || error instanceof SluiceApiError)
    return { code: exitCodes.failed, says: error.message };
  return { code: exitCodes.failed, says: ofForeign(error) };
}

const advice: Record<string, string> = {
  CredentialsProviderError: 'no AWS credentials were found; set AWS_PROFILE or log in, or use --local',
  ExpiredToken: 'the AWS credentials have expired; log in again',
  ExpiredTokenException: 'the AWS credentials have expired; log in again',
  AccessDenied: 'the AWS credentials in use may not do this; docs/cli.md lists what a command needs',
  AccessDeniedException: 'the AWS credentials in use may not do this; docs/cli.md lists what a command needs',
};

const unreachable = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT'];

function ofForeign(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && unreachable.includes(String(error.code)))
    return `${error.message}: the stage cannot be reached; check AWS_REGION, AWS_ENDPOINT_URL and the network, or start the local stage anew.`;
  if (error.message.startsWith('Region is missing')) return 'No AWS region is set; set AWS_REGION, or use --local.';
  const hint = advice[error.name];
  const message = error.message || error.name;
  return hint === undefined ? `${error.name}: ${message}` : `${message}: ${hint}.`;
}
