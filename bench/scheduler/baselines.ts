/** What is beside ours: plain first come, first served; and the seed's pool of threads, which looks every 30 s. Pure. */
import type { Day, DayJob, DayPool } from './day.ts';
import type { Way } from './simulation.ts';

/** The head of the line goes first, and who does not fit stops everybody behind. */
export function plainFifo({ pools }: Day): Way {
  const room = roomOf(pools);
  const line: DayJob[] = [];
  return {
    name: 'plain FIFO',
    arrived: (job) => void line.push(job),
    ended: room.leave,
    next: () => {
      const [first] = line;
      const pool = first && room.enter(first);
      if (first === undefined || pool === undefined) return undefined;
      line.shift();
      return { job: first.job, pool };
    },
  };
}

/** By priority, then by arrival; whoever fits, looked at only so often (seed: poll_interval_seconds=30). */
export function pollingThreads({ pools }: Day): Way {
  const room = roomOf(pools);
  const ranks = ['critical', 'high', 'normal', 'low'];
  const line: DayJob[] = [];
  return {
    name: 'threads that poll every 30 s',
    pollMs: 30_000,
    arrived: (job) => {
      const at = line.findIndex(({ priority }) => ranks.indexOf(priority) > ranks.indexOf(job.priority));
      line.splice(at < 0 ? line.length : at, 0, job);
    },
    ended: room.leave,
    next: () => {
      for (const [i, job] of line.entries()) {
        const pool = room.enter(job);
        if (pool === undefined) continue;
        line.splice(i, 1);
        return { job: job.job, pool };
      }
      return undefined;
    },
  };
}

function roomOf(pools: readonly DayPool[]) {
  const free = new Map(
    pools.map(({ taskGroup, maxJobs, quantities }) => [taskGroup, { jobs: maxJobs, ...quantities } as Record<string, number>]),
  );
  const where = new Map<string, { pool: string; takes: Record<string, number> }>();
  const add = (pool: string, takes: Record<string, number>, sign: 1 | -1) => {
    const left = free.get(pool);
    if (left) for (const [name, value] of Object.entries(takes)) left[name] = (left[name] ?? 0) + sign * value;
  };
  return {
    enter({ job, quantities }: DayJob): string | undefined {
      const takes = { jobs: 1, ...quantities };
      const found = [...free].find(([, left]) => Object.entries(takes).every(([name, value]) => (left[name] ?? 0) >= value));
      if (found === undefined) return undefined;
      add(found[0], takes, -1);
      where.set(job, { pool: found[0], takes });
      return found[0];
    },
    leave(job: string): void {
      const was = where.get(job);
      if (was) add(was.pool, was.takes, 1);
      where.delete(job);
    },
  };
}
