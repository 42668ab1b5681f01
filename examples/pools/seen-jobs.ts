/** The jobs of the burst as the stage last told of them. Asks for few at a time: those that run, and those that do no longer. */
import type { Job, SluiceClient } from '../../client/index.ts';
import type { BurstJob } from './burst.ts';
import { cancelJob } from './clean.ts';
import { hasEnded, type SeenJob } from './sample.ts';

/** Now and then all are asked for: one may come and go between two looks. */
const allEveryLooks = 8;
const callsAtOnce = 5;

export class SeenJobs {
  private readonly client: SluiceClient;
  private readonly jobs: readonly BurstJob[];
  private readonly ids = new Map<string, BurstJob>();
  private readonly known = new Map<number, Job>();
  private looks = 0;

  constructor(client: SluiceClient, jobs: readonly BurstJob[]) {
    this.client = client;
    this.jobs = jobs;
  }

  /** Handed in. */
  add(id: string, job: BurstJob): void {
    this.ids.set(id, job);
  }

  all(): SeenJob[] {
    return this.jobs.map((job) => ({ ...job, job: this.known.get(job.n) }));
  }

  async refresh(signal: AbortSignal): Promise<void> {
    this.looks += 1;
    const ran = this.idsOf(({ job }) => job?.status === 'RUNNING');
    const running = new Set<string>();
    for await (const job of this.client.jobs({ status: 'RUNNING', signal })) {
      if (!this.ids.has(job.id)) continue;
      running.add(job.id);
      this.note(job);
    }
    const asked = this.looks % allEveryLooks === 0 ? this.idsOf((seen) => !hasEnded(seen)) : ran;
    await eachOf(
      asked.filter((id) => !running.has(id)),
      async (id) => this.note(await this.client.get(id, { signal })),
    );
  }

  async cancelAll(): Promise<void> {
    await eachOf(
      this.idsOf((seen) => !hasEnded(seen)),
      async (id) => {
        await cancelJob(this.client, id);
      },
    );
  }

  private note(job: Job): void {
    const own = this.ids.get(job.id);
    if (own !== undefined) this.known.set(own.n, job);
  }

  private idsOf(isWanted: (seen: SeenJob) => boolean): string[] {
    return [...this.ids].flatMap(([id, job]) => (isWanted({ ...job, job: this.known.get(job.n) }) ? [id] : []));
  }
}

async function eachOf(ids: string[], work: (id: string) => Promise<void>): Promise<void> {
  const left = [...ids];
  const next = async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await work(id);
  };
  await Promise.all(Array.from({ length: callsAtOnce }, next));
}
