/**
 * `.sluice/local.json`: where the local stage that is up can be reached. There while it is up, and by its lock at most
 * one is.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HelpfulError } from '../cli/helpful-error.ts';
import { isAlive, LocalStage } from '../cli/stage/local-stage.ts';
import { sluiceFolder } from './paths.ts';
import { takeLock } from './process-lock.ts';

const stageFile = join(sluiceFolder, 'local.json');
const lockFile = join(sluiceFolder, 'local.lock');

export type RunningStage = LocalStage;

/** Makes this process the one local stage. `release` also removes the stage's file. */
export function claimStage(): { release: () => void } {
  const lock = takeLock(lockFile);
  if ('heldBy' in lock) {
    throw new HelpfulError(
      `A local stage is up already (process ${lock.heldBy}); end it with Ctrl-C where it runs or with \`kill ${lock.heldBy}\`, or talk to it: \`npm run local -- status\`.`,
    );
  }
  rmSync(stageFile, { force: true });
  return {
    release: () => {
      rmSync(stageFile, { force: true });
      lock.release();
    },
  };
}

export const announceStage = (stage: RunningStage) => writeFileSync(stageFile, `${JSON.stringify(stage, null, 2)}\n`);

export function readRunningStage(): RunningStage {
  const stage = existsSync(stageFile) ? LocalStage.parse(JSON.parse(readFileSync(stageFile, 'utf8'))) : undefined;
  if (stage === undefined || !isAlive(stage.pid)) {
    throw new HelpfulError('No local stage is up; start one with `npm start` in another terminal.');
  }
  return stage;
}
