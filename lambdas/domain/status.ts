/** Status rows: how one becomes the next. Pure; the sentences a user reads are made here. */
import { type Phase, type PipelineRow, pipelineRowSchemaVersion } from '../contract/pipeline-row.ts';
import { type Cooling, coolingMessage } from './cooling.ts';
import type { EffectiveItem } from './item.ts';

/** A new row, or `before` with a new phase and message; problems, warnings and a drain end with the phase they belong to. */
export function nextRow(
  before: PipelineRow | undefined,
  taskGroup: string,
  phase: Phase,
  message: string,
  now: string,
  changes: Partial<PipelineRow> = {},
): PipelineRow {
  const { problems: _problems, drain: _drain, ...kept } = before ?? emptyRow(taskGroup, now);
  const row: PipelineRow = { ...kept, ...changes, phase, message, schemaVersion: pipelineRowSchemaVersion, updatedAt: now };
  return row.warnings?.length === 0 ? without(row, 'warnings') : row;
}

const emptyRow = (taskGroup: string, now: string): Omit<PipelineRow, 'phase' | 'message' | 'updatedAt'> => ({
  taskGroup,
  schemaVersion: pipelineRowSchemaVersion,
  resources: {},
  attempts: 0,
  createdAt: now,
});

export function without<K extends keyof PipelineRow>(row: PipelineRow, key: K): PipelineRow {
  const { [key]: _gone, ...rest } = row;
  return rest as PipelineRow;
}

/** What the message of a pipeline that works says. */
export function activeMessage(item: EffectiveItem, release: { codeKey: string; version: string } | undefined): string {
  const cap = item.reserve ? `${item.concurrency} at once, reserved` : `${item.concurrency} at once by its mapping`;
  const rate = item.ratePerSecond === undefined ? '' : `, ${item.ratePerSecond} starts a second`;
  const runs = release ? `; runs ${release.codeKey} ${release.version}` : '';
  return `${cap}${rate}${runs}`;
}

/** The same as a sentence of the status: a cooling first, while it lasts. */
export function workingMessage(item: EffectiveItem, release: { codeKey: string; version: string } | undefined, cooling: Cooling): string {
  if (item.paused) return 'paused: its mapping is disabled, tasks stay queued';
  const active = activeMessage(item, release);
  return cooling.runs && cooling.limited ? `${coolingMessage(cooling.limited)}; ${active}` : active;
}

export const waitingForCodeMessage = (key: string, version: string | undefined, running: boolean) =>
  version === undefined
    ? `waits for code: nothing was uploaded as ${key} to the code bucket yet; tasks can be sent meanwhile`
    : `waits for code: version ${version} of ${key} is not in the code bucket${running ? '; goes on with what it runs' : ''}`;

export const keptMessage = (names: string[]) =>
  `removed, but for ${names.join(', ')}: dead letters are kept; redrive or purge them and the sweep removes the queue`;

/** What the row says the function runs, for the plan to hold against what was seen. */
export function recordedCode(row: PipelineRow | undefined): { key: string; version: string; codeSha256: string } | undefined {
  return row?.release && { key: row.release.codeKey, version: row.release.version, codeSha256: row.release.codeSha256 };
}
