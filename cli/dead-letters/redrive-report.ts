/** What a redrive did, for people. Pure. */
import { type Counts, countsText } from './filter.ts';

export interface RedriveReport {
  dryRun: boolean;
  /** By class; with `dryRun`: what would be put back. */
  putBack: Counts;
  /** Did not match. */
  passedOver: number;
  /** Died after the redrive began. */
  cameLater: number;
  /** Sent, but still in the dead-letter queue, too. */
  notDeleted: number;
  refused: { group: string; task: string; why: string }[];
  /** Groups whose queue takes nothing. */
  closed: { group: string; why: string }[];
  /** Queues that hold more than can be looked through at once. */
  notAllSeen: string[];
  interrupted: boolean;
}

export const emptyReport = (dryRun: boolean): RedriveReport => ({
  dryRun,
  putBack: {},
  passedOver: 0,
  cameLater: 0,
  notDeleted: 0,
  refused: [],
  closed: [],
  notAllSeen: [],
  interrupted: false,
});

const sum = (counts: Counts) => Object.values(counts).reduce((total, n) => total + n, 0);
const letters = (n: number) => `${n} dead ${n === 1 ? 'letter' : 'letters'}`;

export const putBackCount = ({ putBack }: RedriveReport) => sum(putBack);

/** Whether the command did all that was asked of it. */
export const isWhole = ({ refused, notDeleted, notAllSeen, interrupted }: RedriveReport) =>
  refused.length === 0 && notDeleted === 0 && notAllSeen.length === 0 && !interrupted;

export function reportText(report: RedriveReport): string {
  const { dryRun, putBack, passedOver, cameLater, notDeleted, refused, closed, notAllSeen, interrupted } = report;
  const total = sum(putBack);
  const lines = [`${dryRun ? 'Would put back' : 'Put back'} ${letters(total)}${total > 0 ? `: ${countsText(putBack)}` : ''}.`];
  if (passedOver > 0) lines.push(`Left where they are: ${letters(passedOver)} that did not match.`);
  if (cameLater > 0) lines.push(`Left: ${letters(cameLater)} that came after this redrive began; run it again for them.`);
  if (notDeleted > 0)
    lines.push(`${letters(notDeleted)} were sent but not deleted; a consumer with our library knows the second copy for a duplicate.`);
  for (const { group, task, why } of refused) lines.push(`Not put back: ${task} of ${group}: ${why}.`);
  for (const { why } of closed) lines.push(`Not put back: ${why}.`);
  for (const queue of notAllSeen)
    lines.push(`Not all of ${queue} was looked through: too many letters do not match. Put back or purge those first.`);
  if (interrupted) lines.push('Interrupted; what was not put back is visible again. Run the same command to go on.');
  return lines.join('\n');
}
