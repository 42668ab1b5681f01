/** The stack's outputs, under exactly the names of `contract/outputs.ts`. */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { type OutputName, outputNames } from '../../lambdas/contract/outputs.ts';

export function writeOutputs(stack: Stack, values: Record<OutputName, string>): void {
  for (const name of outputNames) new CfnOutput(stack, name, { value: values[name] });
}
