/** Which stage a command talks to. Pure. */
import { UsageError } from '../helpful-error.ts';

/** The stack of the default stage (`npm run deploy` without settings). */
export const defaultStack = 'sluice-dev';

export interface StageOptions {
  stack?: string | undefined;
  local?: boolean | undefined;
}

export type StageChoice =
  | { kind: 'local' }
  /** `because` ends the sentence "stack … on AWS". */
  | { kind: 'aws'; stack: string; because: string };

/** `localIsUp`: whether a local stage runs in the folder the command was called in. */
export function chooseStage({ stack, local }: StageOptions, stackInEnvironment: string | undefined, localIsUp: boolean): StageChoice {
  if (stack !== undefined && local)
    throw new UsageError('--stack names a stack on AWS, --local means the stage on this machine: use one of them.');
  if (local) return { kind: 'local' };
  if (stack !== undefined) return { kind: 'aws', stack, because: '--stack' };
  if (stackInEnvironment) return { kind: 'aws', stack: stackInEnvironment, because: 'SLUICE_STACK' };
  if (localIsUp) return { kind: 'local' };
  return { kind: 'aws', stack: defaultStack, because: 'the default; no local stage is up here' };
}
