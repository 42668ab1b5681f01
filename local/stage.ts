/**
 * `npm run local -- <command>`: tries things on the local stage that is up, through the same tables, bucket and queues
 * its users have. No AWS CLI needed.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { z } from 'zod';
import { HelpfulError } from '../cli/helpful-error.ts';
import { consumerZip } from '../cli/release/consumer-zip.ts';
import { localClients } from './clients.ts';
import { listPipelines, putItem, removeItem, sendTasks, uploadCode } from './pipelines.ts';
import { type RunningStage, readRunningStage } from './running-stage.ts';
import { commandHelp, statusTable } from './stage-commands.ts';

type Command = (stage: RunningStage, args: string[]) => Promise<string>;

/** As little as can be asked: a bad item is worth trying, too. */
const AnyItem = z.looseObject({
  taskGroup: z.string(),
  function: z.looseObject({ environment: z.record(z.string(), z.unknown()).optional() }).optional(),
});

const commands: Record<string, Command> = { status, put, remove, send, upload };

async function status(stage: RunningStage): Promise<string> {
  return statusTable(await listPipelines(localClients(stage), stage.outputs));
}

async function put(stage: RunningStage, [file = missing('a file')]: string[]): Promise<string> {
  const item = AnyItem.parse(JSON.parse(readFileSync(file, 'utf8')));
  const environment = item.function?.environment;
  // The examples' partner is the demo's here.
  if (environment?.['PARTNER_URL'] !== undefined) environment['PARTNER_URL'] = stage.partnerUrl;
  await putItem(localClients(stage), stage.outputs, item);
  return `Wrote the config item of ${item.taskGroup}; \`npm run local -- status\` shows what comes of it.`;
}

async function remove(stage: RunningStage, [group = missing('a task group')]: string[]): Promise<string> {
  await removeItem(localClients(stage), stage.outputs, group);
  return `Removed the config item of ${group}; its pipeline goes once its tasks are done.`;
}

async function send(stage: RunningStage, [group = missing('a task group'), count = '20']: string[]): Promise<string> {
  if (!/^[1-9]\d{0,4}$/.test(count)) throw new HelpfulError(`The number of tasks must be from 1 to 99999, not \`${count}\`.`);
  const clients = localClients(stage);
  const row = (await listPipelines(clients, stage.outputs)).find(({ taskGroup }) => taskGroup === group);
  if (row?.resources.queueUrl === undefined) throw new HelpfulError(`${group} has no queue (yet); \`npm run local -- status\` says why.`);
  const tasks = Array.from({ length: Number(count) }, (_, id) => ({ customer: group, id: `${Date.now()}-${id}` }));
  await sendTasks(clients, row.resources.queueUrl, tasks);
  return `Sent ${tasks.length} tasks to ${group}.`;
}

async function upload(stage: RunningStage, [folder = missing('a folder'), key = 'consumer.zip']: string[]): Promise<string> {
  const zip = folder.endsWith('.zip') ? new Uint8Array(readFileSync(folder)) : await consumerZip(folder);
  await uploadCode(localClients(stage), stage.outputs, key, zip);
  return `Uploaded ${basename(folder)} as ${key} (${(zip.length / 1_024).toFixed(1)} KiB); every pipeline on that key gets it.`;
}

function missing(what: string): never {
  throw new HelpfulError(`Name ${what}.\n\n${commandHelp}`);
}

async function main(): Promise<string> {
  const [name = 'help', ...args] = process.argv.slice(2);
  if (['help', '--help', '-h'].includes(name)) return commandHelp;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) throw new HelpfulError(`There is no command ${name}.\n\n${commandHelp}`);
  return command(readRunningStage(), args);
}

try {
  console.log(await main());
} catch (error) {
  console.error(error instanceof HelpfulError ? `✖ ${error.message}` : `✖ ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
