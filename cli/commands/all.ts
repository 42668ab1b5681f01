/** Every command, in the order of the help. */
import type { Command } from 'commander';
import { deadLettersCommand } from './dead-letters.ts';
import { explainCommand } from './explain.ts';
import { jobsCommand } from './jobs.ts';
import { limitsCommand } from './limits.ts';
import { cancelCommand, jobCommand, retryCommand } from './one-job.ts';
import { changeCommand, releaseJobCommand } from './placed-job.ts';
import { poolsCommand } from './pools.ts';
import { redriveCommand } from './redrive.ts';
import { releaseCommand } from './release.ts';
import { resultsCommand } from './results.ts';
import { statsCommand } from './stats.ts';
import { submitCommand } from './submit.ts';

export const allCommands = (): Command[] => [
  submitCommand(),
  jobsCommand(),
  jobCommand(),
  cancelCommand(),
  retryCommand(),
  explainCommand(),
  changeCommand(),
  releaseJobCommand(),
  resultsCommand(),
  statsCommand(),
  poolsCommand(),
  limitsCommand(),
  deadLettersCommand(),
  redriveCommand(),
  releaseCommand(),
];
