/** Assemblies of a test's own stages, with the shared stage's settings but for what is given. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { StageSettingsInput } from '../../lambdas/contract/settings.ts';
import { inProject, nodeFolder, projectFolder } from '../../local/paths.ts';
import { run, tail } from '../../local/run.ts';
import { sharedSettings } from './deploy-shared-stage.ts';
import type { Stages } from './stages-app.ts';

/** The folder of each, to be deployed as it is. In a process of its own: it takes seconds without a pause. */
export async function synthesizeStages<Name extends string>(
  folder: string,
  stages: Record<Name, StageSettingsInput>,
): Promise<Record<Name, string>> {
  mkdirSync(folder, { recursive: true });
  const names = Object.keys(stages) as Name[];
  const settings = Object.fromEntries(names.map((name) => [name, { ...sharedSettings, ...stages[name] }]));
  const argument = JSON.stringify({ folder, settings } satisfies Stages);
  const { code, output, startError } = await run(join(nodeFolder(), 'node'), [inProject('test', 'support', 'stages-app.ts'), argument], {
    cwd: projectFolder,
  });
  if (code !== 0) throw new Error(`The stages could not be synthesized: ${startError ?? tail(output, 20)}`);
  return Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Record<Name, string>;
}
