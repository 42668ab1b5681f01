/** Names of the stage's tables and the one rule of reading them: consistently, as decisions hang on it. */
import type { OwnEnvironment } from '../contract/env.ts';

export interface TableNames {
  config: string;
  pipelines: string;
  releases: string;
  control: string;
  tasks: string;
}

export const tableNames = (environment: OwnEnvironment): TableNames => ({
  config: environment.SLUICE_CONFIG_TABLE,
  pipelines: environment.SLUICE_PIPELINES_TABLE,
  releases: environment.SLUICE_RELEASES_TABLE,
  control: environment.SLUICE_CONTROL_TABLE,
  tasks: environment.SLUICE_TASKS_TABLE,
});
