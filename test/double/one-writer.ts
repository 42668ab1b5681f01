/**
 * Watches a stage for what must never happen: a write on a group's resources by somebody who does not hold its lease at
 * that moment, and any change of a resource that does not carry our tag. Reads the calls; changes nothing.
 */
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { type Call, isWrite } from './aws/calls.ts';
import { type OwnStage, stageNames } from './own-stage.ts';

interface Holder {
  caller: string;
  untilMs: number;
}

export class OneWriterWatch {
  readonly violations: string[] = [];
  readonly #stage: OwnStage;
  readonly #groups = new Map<string, string>();
  readonly #holders = new Map<string, Holder>();

  constructor(stage: OwnStage, taskGroups: readonly string[]) {
    this.#stage = stage;
    for (const group of taskGroups) {
      for (const fifo of [false, true])
        for (const name of Object.values(pipelineNames(stage.settings.prefix, group, fifo))) this.#groups.set(name, group);
    }
    stage.aws.log.watch = (call) => this.#see(call);
  }

  #see(call: Call): void {
    if (call.service === 'dynamodb' && call.input['TableName'] === stageNames.control) this.#seeLease(call);
    if (!call.caller.startsWith('pipelineReconciler') || !isWrite(call) || (call.service !== 'lambda' && call.service !== 'sqs')) return;
    if (call.outcome !== 'ok' && call.outcome !== 'fault after') return;
    const group = this.#groupOf(call.input);
    if (group === undefined) return;
    const holder = this.#holders.get(group);
    if (holder?.caller === call.caller && holder.untilMs >= call.atMs) return;
    this.violations.push(
      `${call.operation} on ${group} by ${call.caller} while ${holder ? `${holder.caller} holds its lease until ${holder.untilMs - call.atMs} ms from now` : 'nobody holds its lease'}`,
    );
  }

  #seeLease(call: Call): void {
    const key = call.input['Key'] as { pk?: string; sk?: string } | undefined;
    if (key?.pk !== 'lease' || key.sk === undefined || (call.outcome !== 'ok' && call.outcome !== 'fault after')) return;
    if (call.operation === 'Delete') this.#holders.delete(key.sk);
    const values = call.input['ExpressionAttributeValues'] as Record<string, unknown> | undefined;
    if (call.operation === 'Update' && typeof values?.[':until'] === 'number')
      this.#holders.set(key.sk, { caller: call.caller, untilMs: values[':until'] });
  }

  #groupOf(input: Readonly<Record<string, unknown>>): string | undefined {
    const mapping = typeof input['UUID'] === 'string' ? this.#stage.aws.lambda.mappings.find(input['UUID'])?.functionArn : undefined;
    const named = input['FunctionName'] ?? input['QueueName'] ?? input['QueueUrl'] ?? input['Resource'] ?? mapping;
    return typeof named === 'string' ? this.#groups.get(named.split(/[:/]/).at(-1) ?? '') : undefined;
  }
}
