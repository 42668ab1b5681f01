/** Prints the seed's use case in virtual time: `node bench/seed-use-case.ts`. Exits with 1 when a target is missed. */
import { endProgress, type Line, missed, printLines, progress, seconds } from './report.ts';
import { seedUseCase } from './seed-world.ts';

const percent = (share: number) => `${(100 * share).toFixed(1)}%`;

const figures = await seedUseCase(15 * 60_000, progress);
endProgress();
const stillWaiting = figures.waiting.filter((status) => status.startsWith('Waiting: waits for room')).length;
const lines: Line[] = [
  { what: 'groups at work together (5 × 100, 40 × 10)', figure: String(figures.running), target: '45', met: figures.running === 45 },
  { what: 'reserved of 900 reservable', figure: String(figures.reserved), target: '900', met: figures.reserved === 900 },
  { what: 'items written to all at work', figure: seconds(figures.startMs) },
  {
    what: 'limit used, groups at 100',
    figure: percent(figures.utilisation.large),
    target: '≥ 95%',
    met: figures.utilisation.large >= 0.95,
  },
  { what: 'limit used, groups at 10', figure: percent(figures.utilisation.small), target: '≥ 95%', met: figures.utilisation.small >= 0.95 },
  {
    what: 'limit used, lowest group',
    figure: percent(figures.utilisation.lowest),
    target: '≥ 95%',
    met: figures.utilisation.lowest >= 0.95,
  },
  { what: 'groups over their limit', figure: String(figures.violations.length), target: '0', met: figures.violations.length === 0 },
  { what: 'tasks done', figure: figures.tasksDone.toLocaleString('en') },
  { what: 'five more groups: waiting for room', figure: String(stillWaiting), target: '5', met: stillWaiting === 5 },
  { what: 'running after five others were removed', figure: String(figures.lateRunning), target: '5', met: figures.lateRunning === 5 },
  { what: 'removal (drained first) to their start', figure: seconds(figures.takeOverMs) },
  { what: 'limit used by them, lowest', figure: percent(figures.lateUtilisation), target: '≥ 95%', met: figures.lateUtilisation >= 0.95 },
];
printLines('5 groups at 100 and 40 at 10 in an account of 1,000, 15 virtual minutes of work', lines);
console.log(`\n  a waiting group says: ${figures.waiting[0]}`);
if (missed(lines) > 0) process.exitCode = 1;
