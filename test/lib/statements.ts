/** The policies of a synthesized stage as IAM would see them: references filled in for one account and region. */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import { type Resource, theOne } from './synthesized.ts';

export const account = '123456789012';
const region = 'eu-central-1';
const pseudo: Record<string, string> = { 'AWS::Partition': 'aws', 'AWS::Region': region, 'AWS::AccountId': account };

export interface Statement {
  Sid?: string;
  Effect: string;
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

export interface Policy {
  Version: string;
  Statement: Statement[];
}

export const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${account}:${resource}`;

/** The policy of the role of the one function (or construct) whose logical id starts with `owner`. */
export function rolePolicy(resources: Record<string, Resource>, owner: string): Policy {
  const [, policy] = theOne(resources, 'AWS::IAM::Policy', owner);
  return filledIn(policy.Properties['PolicyDocument']) as Policy;
}

/** A resource's attribute becomes `<LogicalId>`, or an ARN where IAM wants one. */
function filledIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(filledIn);
  if (typeof value !== 'object' || value === null) return value;
  const node = value as Record<string, unknown>;
  if ('Ref' in node) return referred(String(node['Ref']));
  if ('Fn::GetAtt' in node) return arnOf((node['Fn::GetAtt'] as [string, string])[0]);
  if ('Fn::Join' in node) {
    const [separator, parts] = node['Fn::Join'] as [string, unknown[]];
    return parts.map(filledIn).join(separator);
  }
  return Object.fromEntries(Object.entries(node).map(([key, inner]) => [key, filledIn(inner)]));
}

/** A topic is referred to by its ARN. */
const referred = (id: string) => pseudo[id] ?? (/Topic[0-9A-F]{8}$/.test(id) ? arn('sns', id) : `<${id}>`);

function arnOf(id: string): string {
  if (id.startsWith('CodeBucket')) return 'arn:aws:s3:::code';
  if (id.startsWith('DataBucket')) return 'arn:aws:s3:::data';
  if (/^(Config|State|JobsTable)/.test(id)) return arn('dynamodb', `table/${id}`);
  if (/Function[0-9A-F]{8}$/.test(id)) return arn('lambda', `function:${id}`);
  if (id.startsWith('JobsWebhookSecret')) return arn('secretsmanager', 'secret:webhooks-AbCdEf');
  if (id.startsWith('ConsumersRole')) return `arn:aws:iam::${account}:role/sluice-dev/consumers`;
  if (id.startsWith('ConsumersLog')) return arn('logs', 'log-group:consumers:*');
  return arn('sqs', id);
}

export interface Call {
  action: string;
  resource: string;
  context?: Record<string, string | string[]>;
}

export async function isAllowed(policy: Policy, { action, resource, context = {} }: Call): Promise<boolean> {
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:iam::${account}:role/under-test`,
        action,
        resource: { resource, accountId: account },
        contextVariables: context,
      },
      identityPolicies: [{ name: 'policy', policy }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(result.errors)}`);
  return result.overallResult === 'Allowed';
}
