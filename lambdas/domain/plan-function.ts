/** The part of a plan about the function's configuration, code and tags. Pure. */
import { canonicalJson } from '../contract/names.ts';
import type { Action } from './actions.ts';
import type { CodeReference, DesiredPipeline, FunctionConfiguration } from './desired.ts';
import type { Observed, ObservedFunction } from './observed.ts';
import { liveMappings } from './plan-limits.ts';
import { planTags } from './plan-tags.ts';

export interface PlanContext {
  /** The code version and hash our own record says the function runs; tells changes by hand where Lambda does not. */
  recorded?: { key: string; version: string; codeSha256: string };
  /** `runtime handler architecture` combinations the wished release is known to load for. */
  provenFor: readonly string[];
}

export interface FunctionPlan {
  create: Action[];
  update: Action[];
  prove: Action[];
  tags: Action[];
}

export function planFunction(desired: DesiredPipeline, observed: Observed, context: PlanContext): FunctionPlan {
  const { code, functionName } = desired;
  const nothing: FunctionPlan = { create: [], update: [], prove: [], tags: [] };
  // Proved before its mapping is made, so that no task meets a handler that does not load.
  const unmapped = !observed.function || liveMappings(desired, observed).length === 0;
  const prove = code && unmapped ? planProof(desired, code, context) : [];
  if (!observed.function) return code ? { ...nothing, create: planCreation(desired, code), prove } : nothing;
  const tags = planTags(desired.tags, observed.function.tags).map(
    (change): Action =>
      change.kind === 'set'
        ? { type: 'tagFunction', functionName, tags: change.tags, reason: 'tags of the function differ' }
        : { type: 'untagFunction', functionName, keys: change.keys, reason: 'the function has tags nobody wishes' },
  );
  return { ...nothing, update: planUpdate(desired, observed.function, context), prove, tags };
}

/** What a release is proven for: another runtime, handler or architecture may not load it. */
export const proofOf = (desired: DesiredPipeline) =>
  `${desired.configuration.Runtime} ${desired.configuration.Handler} ${desired.architecture}`;

function planCreation(desired: DesiredPipeline, code: CodeReference): Action[] {
  return [
    { type: 'createFunction', wish: desired, code, reason: 'the function is missing' },
    { type: 'awaitFunction', functionName: desired.functionName, reason: 'AWS takes no further change of a pending function' },
  ];
}

function planProof(desired: DesiredPipeline, code: CodeReference, context: PlanContext): Action[] {
  const provenFor = proofOf(desired);
  if (context.provenFor.includes(provenFor)) return [];
  const reason = `${code.key} ${code.version} has not been loaded as ${provenFor} yet`;
  return [{ type: 'proveFunction', functionName: desired.functionName, code, provenFor, reason }];
}

function planUpdate(desired: DesiredPipeline, observed: ObservedFunction, context: PlanContext): Action[] {
  const { functionName, code } = desired;
  const changes = changedConfiguration(desired.configuration, observed.configuration);
  const names = Object.keys(changes);
  const codeReason = code && whyNewCode(desired, code, observed, context);
  const pending = observed.state === 'Pending';
  return [
    ...(pending ? [{ type: 'awaitFunction' as const, functionName, reason: 'AWS takes no further change of a pending function' }] : []),
    ...(names.length === 0
      ? []
      : ([
          { type: 'updateFunctionConfiguration', functionName, changes, reason: `${names.join(', ')} of the function differ` },
          { type: 'awaitFunction', functionName, reason: 'AWS refuses the next change while one is in progress' },
        ] satisfies Action[])),
    ...(code && codeReason
      ? ([
          { type: 'updateFunctionCode', functionName, code, architecture: desired.architecture, reason: codeReason },
          { type: 'awaitFunction', functionName, reason: 'the release runs once the update is done' },
        ] satisfies Action[])
      : []),
  ];
}

function changedConfiguration(desired: FunctionConfiguration, observed: FunctionConfiguration): Partial<FunctionConfiguration> {
  const different = Object.entries(desired).filter(
    ([name, value]) => comparable(name, value) !== comparable(name, observed[name as keyof FunctionConfiguration]),
  );
  // A VPC is given whole: a subnet change alone would drop the security groups.
  const vpc = different.some(([name]) => name === 'SubnetIds' || name === 'SecurityGroupIds');
  return {
    ...(Object.fromEntries(different) as Partial<FunctionConfiguration>),
    ...(vpc ? { SubnetIds: desired.SubnetIds, SecurityGroupIds: desired.SecurityGroupIds } : {}),
  };
}

/** Subnets and security groups are sets, which AWS gives back in its own order. */
function comparable(name: string, value: FunctionConfiguration[keyof FunctionConfiguration]): string {
  const isSet = name === 'SubnetIds' || name === 'SecurityGroupIds';
  return canonicalJson(isSet && Array.isArray(value) ? [...new Set(value)].sort() : value);
}

function whyNewCode(
  desired: DesiredPipeline,
  code: CodeReference,
  observed: ObservedFunction,
  { recorded }: PlanContext,
): string | undefined {
  if (observed.architecture !== desired.architecture) return `architecture is ${observed.architecture}, not ${desired.architecture}`;
  if (observed.code && (observed.code.key !== code.key || observed.code.version !== code.version)) {
    return `runs ${observed.code.key} ${observed.code.version}, not ${code.key} ${code.version}`;
  }
  const recordedHere = recorded?.key === code.key && recorded.version === code.version;
  if (recordedHere && recorded.codeSha256 !== observed.codeSha256) return 'the code was changed by hand';
  if (!observed.code && !recordedHere) return `is not known to run ${code.key} ${code.version}`;
  return undefined;
}
