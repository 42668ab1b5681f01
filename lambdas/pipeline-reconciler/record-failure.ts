/**
 * A look that failed: tried again with growing delay, apart from everybody else; after the stage's number of tries the
 * group is `Failed` with AWS's words, and the next change or sweep tries anew.
 */
import { BudgetExhaustedError } from '../aws/control-plane-budget.ts';
import type { Phase } from '../contract/pipeline-row.ts';
import { classifyFailure, mostSettleLooks, nameReuseDelaySeconds, retryDelaySeconds, settleDelaySeconds } from '../domain/failure.ts';
import { nextRow } from '../domain/status.ts';
import { errorFields } from '../framework/log.ts';
import { again, done, type Outcome } from '../framework/sqs-batch.ts';
import { countRollout } from './count-rollout.ts';
import { giveRoomBack } from './hint-next.ts';
import type { Look } from './look.ts';

/** A sweep tries a group that fails less often than a change does: there is another. */
const sweepAttempts = 3;

/** `receives` says how often this hint was tried: others' failures before it do not count against it. */
export async function recordFailure(look: Look, error: unknown, receives: number): Promise<Outcome> {
  const { services, row, taskGroup, hint } = look;
  if (error instanceof BudgetExhaustedError) return again(1 + Math.round(3 * services.random()));
  const failure = classifyFailure(error);
  services.log.warn('look failed', { taskGroup, kind: failure.kind, ...errorFields(error) });

  if (failure.kind === 'nameReuse') {
    await look.save(
      nextRow(
        row,
        taskGroup,
        phaseOf(look),
        `SQS lets a deleted queue's name be used again after 60 s; trying again (${failure.message})`,
        look.now(),
        keepDrain(look),
      ),
    );
    return again(nameReuseDelaySeconds);
  }
  if (failure.kind === 'settling' && receives < mostSettleLooks) {
    services.log.info('mapping still in change', { taskGroup });
    return hint.class === 'sweep' && receives >= sweepAttempts ? done : again(settleDelaySeconds);
  }
  if (failure.kind === 'noRoom') return releaseRefusedGrant(look, failure.message);

  const most = hint.class === 'sweep' ? sweepAttempts : services.stage.settings.reconcileAttempts;
  const attempts = Math.min(receives, (row?.attempts ?? 0) + 1);
  // What is throttled under a sweep says nothing of the pipeline: the next sweep looks again.
  if (hint.class === 'sweep' && (failure.kind === 'passing' || failure.kind === 'settling'))
    return receives < most ? again(retryDelaySeconds(receives, services.random())) : done;
  if (attempts < most) {
    const seconds = retryDelaySeconds(attempts, services.random());
    await look.save(
      nextRow(row, taskGroup, phaseOf(look), `try ${attempts} of ${most} failed, next in ${seconds} s: ${failure.message}`, look.now(), {
        attempts,
        ...keepDrain(look),
      }),
    );
    return again(seconds);
  }
  const failed = nextRow(row, taskGroup, 'Failed', `${failure.message}. The next change or sweep tries again.`, look.now(), {
    attempts,
    ...keepDrain(look),
  });
  await look.save(failed);
  // It keeps no place in the order of those who wait for room, and no room that it has no function for.
  await services.reservations.stopWaiting(taskGroup);
  if (!failed.resources.functionName)
    await giveRoomBack(look).catch((again: unknown) => services.log.warn('room not given back', errorFields(again)));
  await countRollout(look, failed, 'failed');
  return done;
}

/** AWS is the judge of what may be reserved: what the ledger granted is given back, and asked for again with AWS's figures. */
async function releaseRefusedGrant(look: Look, said: string): Promise<Outcome> {
  const { reservations } = look.services;
  await reservations.settle(
    look.lambda.paced,
    look.taskGroup,
    Math.min(look.row?.reserved ?? 0, await reservations.heldBy(look.taskGroup)),
  );
  await reservations.distrust();
  await look.save(nextRow(look.row, look.taskGroup, 'Waiting', `waits for room: ${said}`, look.now()));
  return again(2);
}

function phaseOf({ row }: Look): Phase {
  if (row === undefined) return 'Creating';
  return row.phase === 'Failed' || row.phase === 'Invalid' ? (row.appliedAt === undefined ? 'Creating' : 'Updating') : row.phase;
}

const keepDrain = ({ row }: Look) => (row?.drain ? { drain: row.drain } : {});
