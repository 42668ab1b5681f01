/** Who is behind an access key, and what the role's policies say: asked while the functions exist, kept in a file for iam.test.ts. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { awsClients, type ClientTarget } from './aws-clients.ts';
import { localPolicyName } from './local-permissions.ts';
import { awsQuery } from './query-api.ts';

export interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Action: string | string[];
  Resource: string | string[];
  Condition?: unknown;
}

export interface KnownRole {
  functionName: string;
  roleArn: string;
  /** The key under which the local AWS runs the function. */
  accessKey: string;
  account: string;
  policies: { name: string; policy: { Version: string; Statement: Statement[] } }[];
}

const fileOf = (folder: string, account: string) => join(folder, `roles-${account}.json`);
const Version = '2010-05-08';

/** As deployed by the template, of the stage's own functions; what the tests added is left out. */
export async function keepRolePolicies(target: ClientTarget, prefix: string, folder: string): Promise<void> {
  const { Functions = [] } = await awsClients(target).lambda.send(new ListFunctionsCommand({}));
  const ours = Functions.filter(({ FunctionName = '' }) => FunctionName.startsWith(prefix) && !/-(tg|proof)-/.test(FunctionName));
  const roles = await Promise.all(
    ours.map(async ({ FunctionName: functionName = '', FunctionArn = '', Role: roleArn = '' }): Promise<KnownRole> => {
      const digest = createHash('sha256').update(`${FunctionArn}:${roleArn}`).digest('hex');
      const accessKey = `ASIA${digest.slice(0, 16).toUpperCase()}`;
      return {
        functionName,
        roleArn,
        accessKey,
        account: target.account,
        policies: await policiesOf(target, roleArn.split('/').at(-1) ?? ''),
      };
    }),
  );
  writeFileSync(fileOf(folder, target.account), JSON.stringify(roles));
}

export function knownRoles(folder: string): KnownRole[] {
  const files = readdirSync(folder).filter((name) => name.startsWith('roles-'));
  return files.flatMap((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as KnownRole[]);
}

export async function policiesOf(target: ClientTarget, RoleName: string): Promise<KnownRole['policies']> {
  const [names, attached] = await Promise.all(
    ['ListRolePolicies', 'ListAttachedRolePolicies'].map((Action) => awsQuery(target, 'iam', { Action, Version, RoleName })),
  );
  if (attached?.includes('<PolicyArn>')) throw new Error(`${RoleName} has a managed policy, which is not looked at: ${attached}`);
  const own = [...(names ?? '').matchAll(/<member>([^<]+)<\/member>/g)]
    .map(([, name = '']) => name)
    .filter((name) => name !== localPolicyName);
  return Promise.all(
    own.map(async (name) => {
      const answer = await awsQuery(target, 'iam', { Action: 'GetRolePolicy', Version, RoleName, PolicyName: name });
      const document = /<PolicyDocument>([^<]+)<\/PolicyDocument>/.exec(answer)?.[1] ?? '';
      const text = document.replaceAll('&quot;', '"').replaceAll('&amp;', '&');
      return { name, policy: JSON.parse(text.startsWith('%') ? decodeURIComponent(text) : text) };
    }),
  );
}
