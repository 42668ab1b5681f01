/**
 * A rollout's look at a pipeline that is as wished but for its release: one call, and a second look when Lambda has
 * taken the code over. It does not wait in between, so that a few invocations bring a release to thousands.
 */
import { applyPlan } from '../aws/apply-plan.ts';
import { FunctionFailedError } from '../aws/functions.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import type { ObservedFunction } from '../domain/observed.ts';
import { planRelease } from '../domain/plan.ts';
import { nextRow, recordedCode, workingMessage } from '../domain/status.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { countRollout } from './count-rollout.ts';
import type { Look } from './look.ts';
import type { Wish } from './wish.ts';

/** Lambda takes seconds to take code over. */
const takenOverSeconds = 3;

export async function swapCode(look: Look, { item, desired, cooling }: Wish, row: PipelineRow, fn: ObservedFunction): Promise<Outcome> {
  const { code } = desired;
  if (!code || fn.updating || fn.state === 'Pending') return again(takenOverSeconds);
  const plan = planRelease(desired, fn, recordedCode(row));
  if (plan.length > 0) {
    const { codeSha256 = '' } = await applyPlan(look.services, look.lambda, plan, look.checkTime);
    const release = { codeKey: code.key, version: code.version, codeSha256 };
    await look.save(nextRow(row, look.taskGroup, 'Updating', `taking over ${code.key} ${code.version}`, look.now(), { release }));
    return again(takenOverSeconds);
  }
  if (fn.updateFailure) throw new FunctionFailedError(desired.functionName, 'UpdateFunctionCode', fn.updateFailure);
  const release = { codeKey: code.key, version: code.version, codeSha256: fn.codeSha256 };
  const message = workingMessage(item, release, cooling);
  const next = nextRow(row, look.taskGroup, item.paused ? 'Paused' : 'Active', message, look.now(), {
    release,
    attempts: 0,
    appliedAt: look.now(),
  });
  await look.save(next);
  await countRollout(look, next, 'done');
  return done;
}
