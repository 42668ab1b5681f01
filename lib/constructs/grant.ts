/** One policy statement for one purpose. A wildcard in its resources needs a reason; one in its actions is never allowed. */
import { Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { flattenCfnReference } from 'cdk-nag/lib/utils/flatten-cfn-reference.js';

export interface GrantOptions {
  conditions?: Record<string, Record<string, string | string[]>>;
  /** Why the resources cannot be named in full; read by a reviewer, and by cdk-nag. */
  because?: string;
}

export function grant(
  role: Role,
  sid: string,
  actions: string[],
  resources: string[],
  { conditions = {}, because }: GrantOptions = {},
): void {
  for (const finding of wildcards(role, resources)) {
    if (because === undefined) throw new Error(`Statement ${sid} of ${role.node.path} has the wildcard ${finding} and no reason for it`);
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${finding}]`, reason: because });
  }
  role.addToPolicy(new PolicyStatement({ sid, actions, resources, conditions }));
}

/** Spelled as cdk-nag does, as it acknowledges one finding at a time. */
const wildcards = (role: Role, resources: string[]) =>
  resources.map((resource) => flattenCfnReference(Stack.of(role).resolve(resource))).filter((text) => text.includes('*'));
