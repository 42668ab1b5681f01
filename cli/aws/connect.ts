/** From a choice of stage to what a command needs of it: its outputs and clients. */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import type { ClientOptions } from '../../client/options.ts';
import type { OutputName } from '../../lambdas/contract/outputs.ts';
import { HelpfulError } from '../helpful-error.ts';
import type { StageChoice } from '../stage/choose-stage.ts';
import type { LocalStage } from '../stage/local-stage.ts';
import { awsClients, type Clients, localClients } from './clients.ts';

export interface Stage {
  /** For people: what was chosen. */
  name: string;
  clients: Clients;
  output: (name: OutputName) => string;
  /** Who calls the API, and where; nothing where the SDK finds it. */
  caller: Pick<ClientOptions, 'region' | 'credentials'>;
}

export async function connect(choice: StageChoice, local: LocalStage | undefined): Promise<Stage> {
  if (choice.kind === 'aws') {
    const name = `stack ${choice.stack} on AWS (${choice.because})`;
    return { name, clients: awsClients(), output: outputOf(choice.stack, await stackOutputs(choice.stack)), caller: {} };
  }
  if (!local)
    throw new HelpfulError('No local stage is up here; start one with `npm start` in another terminal, or name a stack: --stack <name>.');
  const { endpoint, region, accessKey, secretKey, outputs } = local;
  const caller = { region, credentials: { accessKeyId: accessKey, secretAccessKey: secretKey } };
  return { name: `the local stage at ${endpoint}`, clients: localClients(local), output: outputOf('the local stage', outputs), caller };
}

function outputOf(where: string, outputs: Record<string, string>): (name: OutputName) => string {
  return (name) => {
    const value = outputs[name];
    if (value === undefined)
      throw new HelpfulError(`${where} has no output ${name}: it is no Sluice stage, or of another version; deploy this one.`);
    return value;
  };
}

async function stackOutputs(stack: string): Promise<Record<string, string>> {
  try {
    const { Stacks = [] } = await new CloudFormationClient({}).send(new DescribeStacksCommand({ StackName: stack }));
    return Object.fromEntries((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && error.message.includes('does not exist')) {
      throw new HelpfulError(
        `There is no stack ${stack} in this account and region; name yours with --stack or SLUICE_STACK, or set AWS_PROFILE and AWS_REGION.`,
        { cause: error },
      );
    }
    throw error;
  }
}
