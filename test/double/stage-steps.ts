/** Steps that tests of a whole stage share: letting time pass, asking for a release command, standing in for one of AWS's answers. */
import { CreateFunctionCommand, InvokeCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import { AwsError } from './aws/errors.ts';
import { zipOf } from './aws/s3.ts';
import type { CommandClass, Later, Operations } from './aws/service.ts';
import { OwnStage, type StageOptions } from './own-stage.ts';

export const seconds = (stage: OwnStage, count: number) => stage.aws.clock.advance(count * 1_000);

/** A stage with code uploaded and, of each name, a group with concurrency 2 at work. */
export async function stageWith(groups: readonly string[], options: StageOptions = {}): Promise<OwnStage> {
  const stage = new OwnStage({ sweepByHand: true, ...options });
  stage.upload(zipOf('first'));
  await seconds(stage, 10);
  for (const taskGroup of groups) stage.write({ taskGroup, concurrency: 2 });
  if (groups.length > 0) await stage.runUntil(() => stage.countPhase('Active') === groups.length && stage.hintsLeft === 0, 120_000);
  return stage;
}

export async function sweep(stage: OwnStage, patience = 120): Promise<void> {
  void stage.sweep();
  await seconds(stage, patience);
}

/** What a release command answers; an error is thrown on. */
export async function command(stage: OwnStage, action: 'rollback' | 'stop' | 'resume' | 'check', version?: string): Promise<unknown> {
  const result = await stage.aws.clock.until(
    stage.functions.codeUpdater.invoke({ action, codeKey: 'consumer.zip', ...(version !== undefined && { version }) }),
  );
  if (result.kind === 'ok') return result.answer;
  throw result.kind === 'error' ? result.error : new Error(result.kind);
}

/** Puts `answer` in place of what the double does for a command; `usual` does it after all. */
export function standIn(
  operations: Operations,
  commandClass: CommandClass,
  answer: (input: Record<string, unknown>, usual: () => object | Later, caller: string) => object | Later,
): void {
  const usual = operations.get(commandClass);
  if (!usual) throw new Error(`${commandClass.name} is not in the double`);
  operations.set(commandClass, (input, call) => answer(input, () => usual(input, call), call.caller));
}

/** AWS refuses to make or change functions that fit. */
export function refuseFunctions(stage: OwnStage, message: string, fits: (input: Record<string, unknown>) => boolean): void {
  for (const commandClass of [CreateFunctionCommand, UpdateFunctionConfigurationCommand])
    standIn(stage.aws.lambda.operations, commandClass, (input, usual) => {
      if (fits(input)) throw new AwsError('InvalidParameterValueException', message);
      return usual();
    });
}

/** AWS throttles every invocation while `throttled` says so. */
export function throttleInvocations(stage: OwnStage, throttled: () => boolean): void {
  standIn(stage.aws.lambda.operations, InvokeCommand, (_input, usual) => {
    if (throttled()) throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    return usual();
  });
}

/** Hints that were sent since the call with this index. */
export const hintsSent = (stage: OwnStage, since = 0): number =>
  stage.aws.log
    .since(since, (call) => call.operation === 'SendMessageBatch' && call.outcome === 'ok')
    .reduce((sum, { input }) => sum + (input['Entries'] as unknown[]).length, 0);

export const functionNames = (stage: OwnStage): string[] => stage.aws.lambda.all().map((fn) => fn.name);
