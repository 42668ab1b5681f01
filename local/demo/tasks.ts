/**
 * What the demo sends: the groups of examples/config-items and their tasks. Pure but for reading those files.
 */
import { readFileSync } from 'node:fs';
import { ConfigItem } from '../../lambdas/contract/config-item.ts';
import { inProject } from '../paths.ts';

export interface DemoGroup {
  taskGroup: string;
  /** Calls the partner takes at once from this group; the config item's concurrency. */
  limit: number;
  /** Tasks to send. */
  tasks: number;
  item: ConfigItem;
}

export interface DemoTask {
  customer: string;
  id: number;
}

/** How long the partner takes for one task. */
export const taskMilliseconds = 1_000;

/** The example's groups, each with `seconds` of work at its own limit, so that all would end together. */
export function demoGroups(seconds: number): DemoGroup[] {
  return ['A', 'B', 'C'].map((name) => {
    const item = ConfigItem.parse(JSON.parse(readFileSync(inProject('examples', 'config-items', `${name}.json`), 'utf8')));
    const limit = item.concurrency ?? 1;
    return { taskGroup: item.taskGroup, limit, tasks: (limit * seconds * 1_000) / taskMilliseconds, item };
  });
}

export const tasksOf = (group: DemoGroup): DemoTask[] =>
  Array.from({ length: group.tasks }, (_, id) => ({ customer: group.taskGroup, id }));

/** Every group's tasks in one order that looks random and is the same in each run. */
export function mixed(groups: DemoGroup[]): DemoTask[] {
  const tasks = groups.flatMap(tasksOf);
  let state = 42;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let i = tasks.length - 1; i > 0; i -= 1) {
    const other = random(i + 1);
    [tasks[i], tasks[other]] = [tasks[other] as DemoTask, tasks[i] as DemoTask];
  }
  return tasks;
}
