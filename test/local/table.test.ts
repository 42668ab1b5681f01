import { expect, it } from 'vitest';
import { type GroupFigures, liveSentence, liveTable, resultTable, shortfalls } from '../../local/demo/table.ts';

const good: GroupFigures = {
  taskGroup: 'A',
  tasks: 120,
  limit: 2,
  inFlight: 2,
  peakInFlight: 2,
  mostStartsInASecond: 2,
  startsInTheLastSecond: 2,
  secondsAboveLimit: 0,
  refused: 0,
  done: 120,
  repeated: 0,
  secondsWithBacklog: 60,
  tasksPerSecond: 1.97,
  used: 0.984,
};
const bad: GroupFigures = { ...good, peakInFlight: 3, mostStartsInASecond: 7, startsInTheLastSecond: 4, refused: 31, done: 90, used: 0.55 };

it('finds nothing wrong with a group that kept its limit and used it', () => {
  expect(shortfalls([good])).toEqual([]);
});

it('names everything that fell short, and of which group', () => {
  expect(shortfalls([{ ...bad, taskGroup: 'B' }])).toEqual([
    'B had 3 calls in flight, its limit is 2',
    'B had 7 starts in a second, its limit is 2',
    'B was refused 31 times',
    "30 of B's tasks were not done",
    'B used 55.0% of its limit, less than 97.0%',
  ]);
});

it('accepts 97% and nothing below', () => {
  expect(shortfalls([{ ...good, used: 0.97 }])).toEqual([]);
  expect(shortfalls([{ ...good, used: 0.9699 }])).toHaveLength(1);
});

it('puts both systems in one table, its columns under each other', () => {
  const table = resultTable([
    { name: 'Sluice', title: 'Sluice', groups: [good] },
    { name: 'shared', title: 'Shared', groups: [bad] },
  ]);
  expect(table.split('\n')).toEqual([
    '                peak in  most starts  seconds above          tasks           limit',
    '  group  limit   flight  in a second      the limit  429s     done  tasks/s   used',
    'Sluice',
    '  A          2        2            2              0     0  120/120     1.97  98.4%',
    'Shared',
    '  A          2        3            7              0    31   90/120     1.97  55.0%',
  ]);
});

it('shows a line for each group while it runs, and marks starts above the limit', () => {
  const lines = liveTable([{ name: 'shared', title: 'Shared', groups: [good, bad] }], 12.4);
  expect(lines).toEqual([
    '12 s     running  done                              started/s  429s',
    'Shared',
    '  A      2/2      ████████████████████████  120/120         2      0',
    '  A      2/2      ██████████████████░░░░░░   90/120         4!    31',
  ]);
});

it('fits a terminal of 80 columns', () => {
  const lines = liveTable([{ name: 'shared', title: 'Shared', groups: [{ ...bad, tasks: 7_200, done: 7_199 }] }], 3_600);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(80);
});

it('says everything on one line where lines cannot be redrawn', () => {
  expect(
    liveSentence(
      [
        { name: 'Sluice', title: 'Sluice', groups: [good] },
        { name: 'shared', title: 'Shared', groups: [bad] },
      ],
      5,
    ),
  ).toBe('   5 s  Sluice: A 2/2 running 120/120 done | shared: A 2/2 running 90/120 done 31 refused');
});
