/** What the AWS SDK knows of where we run: credentials, region, the outputs of a stack. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { SQSClient } from '@aws-sdk/client-sqs';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { OutputName } from '../../lambdas/contract/outputs.ts';
import { SluiceClientError } from '../errors.ts';
import type { ClientOptions, Credentials } from '../options.ts';
import { clientOptions } from './client-options.ts';

/** Keeps them, and gets new ones before they expire. */
export const defaultCredentials = (): (() => Promise<Credentials>) => defaultProvider();

/** By `AWS_REGION` or the profile. */
export async function defaultRegion(): Promise<string> {
  try {
    return await new SQSClient({}).config.region();
  } catch (error) {
    throw new SluiceClientError('No AWS region is set; give createClient a region, or set AWS_REGION.', { cause: error });
  }
}

type Identity = Pick<ClientOptions, 'region' | 'credentials'>;

export async function outputOfStack(stack: string, name: OutputName, { region, credentials }: Identity): Promise<string> {
  const cloudFormation = new CloudFormationClient({
    ...clientOptions,
    ...(region ? { region } : {}),
    ...(credentials ? { credentials } : {}),
  });
  const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack })).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new SluiceClientError(`The stack ${stack} could not be looked up (${why}); check its name, AWS_REGION and AWS_PROFILE.`, {
      cause: error,
    });
  });
  const value = Stacks[0]?.Outputs?.find(({ OutputKey }) => OutputKey === name)?.OutputValue;
  if (value === undefined)
    throw new SluiceClientError(
      `The stack ${stack} has no output ${name}: it is no Sluice stage, or of an earlier version; deploy this one.`,
    );
  return value;
}
