/** Pools, and jobs on them, for tests of the API: as the scheduler and the stream would have made them. */
import { PoolRow } from '../../lambdas/contract/placement-table.ts';
import { leaseToken } from '../../lambdas/domain/placement/lease-token.ts';
import { type Answered, ApiWorld } from './api-world.ts';

type Settings = ConstructorParameters<typeof ApiWorld>[0];

export class PlacedWorld extends ApiWorld {
  /** With pools west (4 gpu, linux) and east (cpu alone). */
  static async with(settings: Settings = {}): Promise<PlacedWorld> {
    const world = new PlacedWorld({ inputBuckets: ['theirs'], ...settings });
    await world.limits({});
    await world.pool('west', { labels: { os: 'linux', zone: 'a' }, capacity: { maxJobs: 3, quantities: { cpu: 16, gpu: 4 } } });
    await world.pool('east', { labels: { os: 'bsd' }, capacity: { maxJobs: 5, quantities: { cpu: 64 } } });
    return world;
  }

  async limits(fields: { maxJobs?: number; perCustomerMaxJobs?: number }): Promise<void> {
    const { placement } = this.services;
    const seen = await this.settled(placement.overall());
    const next = { maxJobs: 10, ageingSeconds: 3_600, reserveAfterSeconds: 900, jobs: 0, revision: 0, ...fields };
    await this.settled(placement.putOverall(seen, next));
  }

  async pool(
    taskGroup: string,
    { capacity, ...fields }: { capacity: { maxJobs: number; quantities: Record<string, number> } } & Partial<Record<string, unknown>>,
  ): Promise<void> {
    const { placement } = this.services;
    const seen = await this.settled(placement.pool(taskGroup));
    const { maxJobs, quantities } = capacity;
    const row = PoolRow.parse({
      taskGroup,
      state: 'open',
      maxJobs,
      capacity: quantities,
      configured: capacity,
      free: quantities,
      ...fields,
    });
    await this.settled(placement.putPool(seen, row));
  }

  post(request: Record<string, unknown>, query = '', headers: Record<string, string> = {}): Promise<Answered> {
    return this.call('POST', `/jobs${query}`, { body: { body: { case: 17 }, ...request }, headers });
  }

  /** Id of a job that states needs. */
  async placed(request: Record<string, unknown> = {}): Promise<string> {
    const answer = await this.post(request);
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.text}`);
    return answer.body.id;
  }

  /** It is found good, or its time has come. */
  async ready(job: string): Promise<void> {
    await this.settled(this.services.placement.toPlacing(job));
  }

  /** As the scheduler starts it; the token of its lease. */
  async begin(job: string, pool = 'west'): Promise<string> {
    const { placement } = this.services;
    const [row, seen, overall] = [this.row(job), await this.settled(placement.pool(pool)), await this.settled(placement.overall())];
    if (row?.placed === undefined || seen === undefined || overall === undefined) throw new Error(`no job ${job}, or no pool ${pool}`);
    const affinity = row.placed.affinity;
    const start = { job: { job, orderMs: row.placed.stepKeyMs, affinity }, pool: seen, reason: 'spread' as const, overall };
    const started = await this.settled(placement.start(start));
    if (started.kind !== 'started') throw new Error(`job ${job} is ${started.kind}`);
    return this.token(job);
  }

  token(job: string, fence = this.row(job)?.placed?.fence ?? 0): string {
    return leaseToken(this.row(job)?.tokenKey ?? '', job, fence);
  }

  /** A word of whoever works for it. */
  say(job: string, what: string, body: unknown, token = this.token(job)): Promise<Answered> {
    return this.call('POST', `/jobs/${job}/${what}`, { body, headers: { authorization: `Bearer ${token}` } });
  }

  get(path: string): Promise<Answered> {
    return this.call('GET', path);
  }

  /** All that the scheduler hears of; the queue gives the next ones once these are gone. */
  placingHints(): unknown[] {
    const found = this.aws.sqs.find('placing.fifo');
    if (!found) return [];
    const messages = this.aws.sqs.receive(found, 10);
    for (const { receiptHandle = '' } of messages) found.delete(receiptHandle);
    return messages.map(({ body }): unknown => JSON.parse(body));
  }
}
