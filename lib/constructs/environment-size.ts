/** Whether a function's environment fits into what Lambda has for it, told at synth time rather than in the middle of a deploy. */
import { Stack, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { lambdaLimits } from '../../lambdas/contract/limits.ts';

/** What CloudFormation and AWS put around a logical id, at most: random characters; host and account of an address; an ARN's beginning and path. */
const aroundLogicalId = (variable: string) => (variable.endsWith('_URL') ? 75 : variable.endsWith('_ARN') ? 95 : 15);

/** @throws Error that says how much too long it is and which variable is the longest. */
export function checkEnvironmentSize(scope: Construct, environment: Record<string, string>): void {
  const sizes = Object.entries(environment).map(([name, value]) => ({
    name,
    bytes: name.length + bytesOf(scope, value, aroundLogicalId(name)) + '"":"",'.length,
  }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, '{}'.length);
  if (total <= lambdaLimits.environmentBytes) return;
  const [longest] = sizes.toSorted((a, b) => b.bytes - a.bytes);
  throw new Error(
    `The environment of ${scope.node.path} may take ${total} bytes, ${total - lambdaLimits.environmentBytes} more than Lambda has for it, most of it ${longest?.name}: shorten the settings permits, functions, inputBuckets, webhookHosts or bodySchema`,
  );
}

function bytesOf(scope: Construct, text: string, around: number): number {
  if (!Token.isUnresolved(text)) return Buffer.byteLength(JSON.stringify(text)) - '""'.length;
  const stack = Stack.of(scope);
  // References are longer as template text than what is between them; each stands for a name of about its logical id.
  const resolved = JSON.stringify(stack.resolve(text));
  const ids = [...resolved.matchAll(/"(?:Ref|Fn::GetAtt)":(?:\["|")(\w+)/g)].map(([, id = '']) => id.length);
  return ids.reduce((sum, length) => sum + length + stack.stackName.length + around, 0);
}
