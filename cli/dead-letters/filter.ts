/** Which dead letters are meant. Pure. */
import { errorClasses } from '../../lambdas/contract/task-wire.ts';
import { classOf, type DeadLetter } from './dead-letter.ts';

export const noClass = 'none';
export const classNames: string[] = [...errorClasses, noClass];

export interface Filter {
  /** Empty: all. */
  classes: readonly string[];
  tasks: readonly string[];
}

export const matches = ({ classes, tasks }: Filter, dead: DeadLetter) =>
  (classes.length === 0 || classes.includes(classOf(dead))) &&
  (tasks.length === 0 || tasks.includes(dead.task) || tasks.includes(dead.messageId));

export type Counts = Record<string, number>;

export const count = (counts: Counts, name: string) => {
  counts[name] = (counts[name] ?? 0) + 1;
};

/** `3 DATA, 1 not explained`: in the order of the classes. */
export function countsText(counts: Counts): string {
  const named = classNames.filter((name) => counts[name]).map((name) => `${counts[name]} ${name === noClass ? 'not explained' : name}`);
  return named.length > 0 ? named.join(', ') : 'none';
}
