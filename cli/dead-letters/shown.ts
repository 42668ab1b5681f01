/** Dead letters as they are shown: a row for people, a document for programs. Never a body unless asked for. Pure. */
import { table } from '../table.ts';
import { classOf, type DeadLetter, deadSinceMs, noReason } from './dead-letter.ts';
import { type Counts, count, countsText } from './filter.ts';

const head = ['group', 'task', 'class', 'attempts', 'age', 'redrives', 'step', 'reason'];

export function letterTable(letters: DeadLetter[], nowMs: number, width?: number): string {
  const rows = letters.map((dead) => [
    dead.queue.group,
    dead.task,
    dead.letter?.class ?? '-',
    String(dead.letter?.attempt ?? '-'),
    age(nowMs - deadSinceMs(dead)),
    String(dead.redrives),
    dead.letter?.step ?? '-',
    dead.letter?.message ?? noReason,
  ]);
  return table(head, rows, width);
}

/** The last line under the table. */
export function letterSummary(letters: DeadLetter[], more: boolean): string {
  if (letters.length === 0) return 'No dead letters.';
  const counts: Counts = {};
  for (const dead of letters) count(counts, classOf(dead));
  const groups = new Set(letters.map(({ queue }) => queue.group)).size;
  const total = `${letters.length} dead ${letters.length === 1 ? 'letter' : 'letters'} in ${groups} ${groups === 1 ? 'group' : 'groups'}: ${countsText(counts)}.`;
  return more ? `${total} There may be more: name a group, or a higher --limit.` : total;
}

/** One line of `--json`. docs/cli.md tells the fields. */
export function letterDocument(dead: DeadLetter, withBody: boolean): Record<string, unknown> {
  const { queue, letter, task, job, redrives, messageId, sentAtMs, body } = dead;
  return {
    group: queue.group,
    task,
    ...(job === undefined ? {} : { job }),
    class: letter?.class ?? null,
    message: letter?.message ?? noReason,
    attempts: letter?.attempt ?? null,
    step: letter?.step ?? null,
    deadSince: new Date(deadSinceMs(dead)).toISOString(),
    sentAt: letter?.sentAt ?? new Date(sentAtMs).toISOString(),
    redrives,
    history: (letter ?? dead.earlier)?.history ?? [],
    ...(letter?.stack === undefined ? {} : { stack: letter.stack }),
    queue: queue.name,
    messageId,
    ...(withBody ? { body } : {}),
  };
}

const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
];

/** In its largest unit: `3 d`, `12 min`, `8 s`. */
export function age(ms: number): string {
  const unit = units.find((candidate) => ms >= candidate.ms);
  return unit ? `${Math.floor(ms / unit.ms)} ${unit.name}` : `${Math.max(0, Math.floor(ms / 1_000))} s`;
}
