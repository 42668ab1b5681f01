/** A test's leases of placed jobs, as the scheduler keeps them: one at a time of each job, lost without a word in time. */
import type { Lease } from '../../lambdas/contract/task-wire.ts';
import type { JobLeases, LeaseWord, TaskClock } from '../ports.ts';

export interface TestLease {
  readonly fence: number;
  readonly token: string;
  /** As last said. */
  readonly holder: string | undefined;
  readonly step: string | undefined;
  /** Whether the work goes on outside the invocation. */
  readonly pending: boolean;
  /** Heartbeats that were taken. */
  readonly heartbeats: number;
  /** Without a heartbeat by then it is lost. */
  readonly expiresAt: Date;
}

export interface MemoryLeases extends JobLeases {
  /** The next lease of a job; the one before is over. */
  grant(job: string, leaseSeconds: number): Lease;
  /** The last one that was granted. */
  of(job: string): TestLease | undefined;
  /** Takes it away: the next heartbeat is told so. */
  take(job: string): void;
  /** Whether nobody answers. */
  silent: boolean;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Held = Mutable<TestLease> & { leaseSeconds: number; taken: boolean };

export function memoryLeases(clock: Pick<TaskClock, 'nowMs'>): MemoryLeases {
  const held = new Map<string, Held>();
  const urlOf = (job: string) => `https://test/jobs/${job}`;
  const expiry = (leaseSeconds: number) => new Date(clock.nowMs() + leaseSeconds * 1_000);

  const leases: MemoryLeases = {
    silent: false,

    grant(job, leaseSeconds) {
      const fence = (held.get(job)?.fence ?? 0) + 1;
      const token = `token-${job}-${fence}`;
      const none = { holder: undefined, step: undefined, pending: false, heartbeats: 0, taken: false };
      held.set(job, { ...none, fence, token, leaseSeconds, expiresAt: expiry(leaseSeconds) });
      return { v: 1, url: urlOf(job), token, fence, leaseSeconds, failures: fence - 1 };
    },

    of: (job) => held.get(job),

    take(job) {
      const lease = held.get(job);
      if (lease) lease.taken = true;
    },

    async heartbeat({ url, token }, word) {
      if (leases.silent) throw new Error('nobody answers');
      const [job = '', lease] = [...held].find(([name]) => urlOf(name) === url) ?? [];
      if (!lease || lease.token !== token) return { kind: 'lost', why: `job ${job} has a newer lease` };
      if (lease.taken || lease.expiresAt.getTime() <= clock.nowMs()) return { kind: 'lost', why: `the lease of job ${job} is over` };
      const isAnothers = word.holder !== undefined && lease.holder !== undefined && word.holder !== lease.holder;
      if (isAnothers && !lease.pending) return { kind: 'lost', why: `${lease.holder} works for job ${job}` };
      note(lease, word);
      lease.expiresAt = expiry(lease.leaseSeconds);
      return { kind: 'held' };
    },
  };
  return leases;
}

function note(lease: Held, { holder, step, pending }: LeaseWord): void {
  lease.heartbeats += 1;
  lease.holder = holder ?? lease.holder;
  lease.step = step ?? lease.step;
  lease.pending ||= pending ?? false;
}
