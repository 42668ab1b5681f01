import { expect, it } from 'vitest';
import { demoGroups, mixed, tasksOf } from '../../local/demo/tasks.ts';

it("gives every group of the example the same time's work at its own limit", () => {
  expect(demoGroups(60).map(({ taskGroup, limit, tasks }) => [taskGroup, limit, tasks])).toEqual([
    ['A', 2, 120],
    ['B', 1, 60],
    ['C', 2, 120],
  ]);
});

it('mixes all tasks of all groups, each once, in the same order every time', () => {
  const groups = demoGroups(10);
  const order = mixed(groups);
  const key = (task: { customer: string; id: number }) => `${task.customer}${task.id}`;
  expect(order.map(key).sort()).toEqual(groups.flatMap(tasksOf).map(key).sort());
  expect(mixed(groups)).toEqual(order);
  expect(new Set(order.slice(0, 10).map((task) => task.customer)).size).toBe(3);
});
