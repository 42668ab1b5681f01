/**
 * `.sluice/local.json`: where the local stage that is up can be reached. Written by the local stage, there while it is up.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { z } from 'zod';

export const localStageFile = join('.sluice', 'local.json');

export const LocalStage = z.object({
  pid: z.number(),
  endpoint: z.string(),
  s3Endpoint: z.string(),
  region: z.string(),
  account: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  /** What consumers call in the demo. */
  partnerUrl: z.string(),
  /** Stack outputs by name. */
  outputs: z.record(z.string(), z.string()),
});
export type LocalStage = z.infer<typeof LocalStage>;

/** The stage that is up in `folder` or a folder around it; one whose process is gone is none. */
export function runningLocalStage(folder: string): LocalStage | undefined {
  const file = join(folder, localStageFile);
  if (existsSync(file)) {
    const stage = LocalStage.parse(JSON.parse(readFileSync(file, 'utf8')));
    return isAlive(stage.pid) ? stage : undefined;
  }
  const around = dirname(resolve(folder));
  return around === resolve(folder) ? undefined : runningLocalStage(around);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
