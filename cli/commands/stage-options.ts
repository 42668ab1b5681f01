/** How every command is told which stage it talks to, and says which it chose. */
import type { Command } from 'commander';
import { connect, type Stage } from '../aws/connect.ts';
import { chooseStage, defaultStack, type StageOptions } from '../stage/choose-stage.ts';
import { runningLocalStage } from '../stage/local-stage.ts';

export const withStageOptions = (command: Command): Command =>
  command
    .option(
      '--stack <name>',
      `the stage's CloudFormation stack on AWS (default: SLUICE_STACK, else the local stage if one is up here, else ${defaultStack})`,
    )
    .option('--local', 'the local stage that is up here (`npm start`)');

export async function openStage(options: StageOptions): Promise<Stage> {
  const local = runningLocalStage(process.cwd());
  const stage = await connect(chooseStage(options, process.env['SLUICE_STACK'], local !== undefined), local);
  process.stderr.write(`Talking to ${stage.name}.\n`);
  return stage;
}
