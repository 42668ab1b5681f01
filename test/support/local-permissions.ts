/**
 * What the local AWS asks for and AWS does not. Our functions' roles get it after the deploy, and only where they have
 * what AWS asks instead; the template that users deploy never has it. What AWS would say is checked in iam.test.ts.
 */
import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { awsClients, type ClientTarget } from './aws-clients.ts';
import { awsQuery } from './query-api.ts';

/** Asked for here → had on AWS. */
const askedOnlyHere = {
  // Asked with the resource `*`; AWS asks with the function's ARN.
  'lambda:CreateFunction': 'lambda:CreateFunction',
  // Its condition key lambda:FunctionArn is not known here.
  'lambda:CreateEventSourceMapping': 'lambda:CreateEventSourceMapping',
  // No actions of AWS's, which asks for that of the single message, and of each item in the transaction.
  'sqs:SendMessageBatch': 'sqs:SendMessage',
  'sqs:ChangeMessageVisibilityBatch': 'sqs:ChangeMessageVisibility',
  'dynamodb:TransactWriteItems': 'dynamodb:PutItem',
};

export const localPolicyName = 'OnlyOnTheLocalAws';
const Version = '2010-05-08';

/** `consumerRoleArn`: of functions that are made later. */
export async function allowWhatOnlyTheLocalAwsAsks(target: ClientTarget, consumerRoleArn: string): Promise<void> {
  const { Functions = [] } = await awsClients(target).lambda.send(new ListFunctionsCommand({}));
  const roles = new Set([...Functions.map(({ Role = '' }) => Role), consumerRoleArn].map((arn) => arn.split('/').at(-1) ?? ''));
  await Promise.all([...roles].map((role) => allow(target, role)));
}

async function allow(target: ClientTarget, RoleName: string): Promise<void> {
  const had = await policiesOf(target, RoleName);
  const Action = Object.entries(askedOnlyHere).flatMap(([here, onAws]) => (had.includes(`"${onAws}"`) ? [here] : []));
  if (Action.length === 0) return;
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
  await awsQuery(target, 'iam', { Action: 'PutRolePolicy', Version, RoleName, PolicyName: localPolicyName, PolicyDocument });
}

async function policiesOf(target: ClientTarget, RoleName: string): Promise<string> {
  const names = await awsQuery(target, 'iam', { Action: 'ListRolePolicies', Version, RoleName });
  const policies = [...names.matchAll(/<member>([^<]+)<\/member>/g)].map(([, PolicyName = '']) =>
    awsQuery(target, 'iam', { Action: 'GetRolePolicy', Version, RoleName, PolicyName }),
  );
  return decodeURIComponent((await Promise.all(policies)).join(''));
}
