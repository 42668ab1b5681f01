/** The demo's figures as text. Pure. */
import type { Figures } from './accounting.ts';

export interface GroupFigures extends Figures {
  taskGroup: string;
  tasks: number;
}

export interface SystemFigures {
  title: string;
  /** For where room is short. */
  name: string;
  groups: GroupFigures[];
}

/** Share of its limit that each group must have used. */
export const usedAtLeast = 0.97;

/** Why a system did not do what Sluice promises; empty if it did. */
export function shortfalls(groups: GroupFigures[]): string[] {
  return groups.flatMap((group) => [
    ...(group.peakInFlight > group.limit
      ? [`${group.taskGroup} had ${group.peakInFlight} calls in flight, its limit is ${group.limit}`]
      : []),
    ...(group.mostStartsInASecond > group.limit
      ? [`${group.taskGroup} had ${group.mostStartsInASecond} starts in a second, its limit is ${group.limit}`]
      : []),
    ...(group.refused > 0 ? [`${group.taskGroup} was refused ${group.refused} times`] : []),
    ...(group.done < group.tasks ? [`${group.tasks - group.done} of ${group.taskGroup}'s tasks were not done`] : []),
    ...(group.used < usedAtLeast ? [`${group.taskGroup} used ${percent(group.used)} of its limit, less than ${percent(usedAtLeast)}`] : []),
  ]);
}

const columns: [header: string, value: (group: GroupFigures) => string][] = [
  ['group', (group) => group.taskGroup],
  ['limit', (group) => String(group.limit)],
  ['peak in\nflight', (group) => String(group.peakInFlight)],
  ['most starts\nin a second', (group) => String(group.mostStartsInASecond)],
  ['seconds above\nthe limit', (group) => String(group.secondsAboveLimit)],
  ['429s', (group) => String(group.refused)],
  ['tasks\ndone', (group) => `${group.done}/${group.tasks}`],
  ['tasks/s', (group) => group.tasksPerSecond.toFixed(2)],
  ['limit\nused', (group) => percent(group.used)],
];

/** One table for all systems, a line of title before each one's groups. */
export function resultTable(systems: SystemFigures[]): string {
  const rows = systems.map((system) => system.groups.map((group) => columns.map(([, value]) => value(group))));
  const widths = columns.map(([header], i) =>
    Math.max(...header.split('\n').map((line) => line.length), ...rows.flat().map((row) => row[i]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    `  ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number))).join('  ')}`.trimEnd();
  const headers = columns.map(([header]) => (header.includes('\n') ? header.split('\n') : ['', header]));
  return [
    line(headers.map(([upper]) => upper ?? '')),
    line(headers.map(([, lower]) => lower ?? '')),
    ...systems.flatMap((system, s) => [system.title, ...(rows[s] ?? []).map(line)]),
  ].join('\n');
}

const barCharacters = 24;

/** The display while it runs: one line a group. */
export function liveTable(systems: SystemFigures[], seconds: number): string[] {
  const header = `${`${seconds.toFixed(0)} s`.padEnd(9)}running  ${'done'.padEnd(barCharacters + 10)}started/s  429s`;
  return [header, ...systems.flatMap((system) => [system.title, ...system.groups.map(liveLine)])];
}

function liveLine(group: GroupFigures): string {
  const filled = Math.round((group.done / group.tasks) * barCharacters);
  const bar = '█'.repeat(filled) + '░'.repeat(barCharacters - filled);
  const running = `${group.inFlight}/${group.limit}`;
  const done = `${group.done}/${group.tasks}`.padStart(9);
  const starts = `${group.startsInTheLastSecond}${group.startsInTheLastSecond > group.limit ? '!' : ' '}`;
  return `  ${group.taskGroup.padEnd(7)}${running.padEnd(9)}${bar}${done} ${starts.padStart(10)}${String(group.refused).padStart(6)}`;
}

/** The display where lines cannot be redrawn: everything on one. */
export function liveSentence(systems: SystemFigures[], seconds: number): string {
  const of = (group: GroupFigures) =>
    `${group.taskGroup} ${group.inFlight}/${group.limit} running ${group.done}/${group.tasks} done${group.refused ? ` ${group.refused} refused` : ''}`;
  return `${seconds.toFixed(0).padStart(4)} s  ${systems.map((system) => `${system.name}: ${system.groups.map(of).join(', ')}`).join(' | ')}`;
}

export const percent = (share: number) => `${(share * 100).toFixed(1)}%`;
