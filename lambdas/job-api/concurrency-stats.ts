/** GET /concurrency/stats: limits and what is being done with them, per group and in all. Every part is read in bounded pieces. */
import { countJobs } from '../aws/jobs/job-figures.ts';
import { permitFigures } from '../aws/jobs/permit-figures.ts';
import { pipelinePage } from '../aws/jobs/pipeline-pages.ts';
import { queueFigures } from '../aws/jobs/queue-figures.ts';
import type { JobStatus } from '../contract/job.ts';
import { StatsQuery } from '../contract/job-api.ts';
import type { ConcurrencyStats, PermitStats } from '../contract/job-api-stage.ts';
import type { JobRow } from '../contract/job-table.ts';
import type { PipelineRow } from '../contract/pipeline-row.ts';
import { ownReservedConcurrency } from '../contract/settings.ts';
import { groupStats, isDispatching, oldestAgeSeconds, type SeenGroup, sumOfGroups } from '../domain/job/group-stats.ts';
import { roomIn } from '../domain/reservations.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { inWaves } from '../framework/in-waves.ts';
import { placementFigures } from './placement-figures.ts';
import type { Call } from './route.ts';

const ordinaryPage = 50;
const mostCounted = 5_000;
/** Jobs that have not ended, of which the figures of the groups are made. */
const mostJobs = 1_000;
const callsAtOnce = 20;

export async function getConcurrencyStats({ services, request }: Call): Promise<Answer> {
  const { taskGroup, limit = ordinaryPage, after } = queryOf(request, StatsQuery);
  const nowMs = services.clock.nowMs();
  const [page, jobs, counts, permits, reservedConcurrency, placement] = await Promise.all([
    pipelinesOf(services, taskGroup, limit, after),
    openJobs(services),
    jobCounts(services),
    permitStats(services, nowMs),
    reserved(services),
    placementFigures(services, nowMs),
  ]);
  const seen = await inWaves(page.rows, callsAtOnce, (row) => seenGroup(services, row));
  const groups = seen.map((group) => groupStats(group, jobs, nowMs));
  const age = oldestAgeSeconds(jobs, nowMs);
  const { maxParallelJobs, maxParallelJobsPerGroup } = services.stage.settings;
  const stats: ConcurrencyStats = {
    overall: {
      ...sumOfGroups(groups),
      ...(age === undefined ? {} : { oldestAgeSeconds: age }),
      maxParallelJobs,
      maxParallelJobsPerGroup,
      runningJobs: Object.keys((await services.slots.read()).running).length,
      dispatcherRuns: jobs.some(isDispatching),
      ...counts,
      ...(reservedConcurrency === undefined ? {} : { reservedConcurrency }),
    },
    permits,
    ...(placement === undefined ? {} : { placement }),
    groups,
    ...(page.next === undefined ? {} : { next: page.next }),
  };
  return json(200, stats);
}

type Services = Call['services'];

async function pipelinesOf(
  { clients, pipelines, jobEnvironment }: Services,
  taskGroup: string | undefined,
  limit: number,
  after: string | undefined,
) {
  if (taskGroup === undefined) return pipelinePage(clients.documents, jobEnvironment.SLUICE_PIPELINES_TABLE, limit, after);
  const row = await pipelines.get(taskGroup);
  return { rows: row === undefined ? [] : [row], next: undefined };
}

async function openJobs({ jobs }: Services): Promise<JobRow[]> {
  const lists = await Promise.all((['RUNNING', 'PENDING'] as const).map((status) => jobs.list({ status, limit: mostJobs })));
  return lists.flatMap(({ rows }) => rows);
}

async function jobCounts({ clients, jobEnvironment }: Services): Promise<Pick<ConcurrencyStats['overall'], 'jobs' | 'jobsAreMinimums'>> {
  const count = (status: JobStatus) => countJobs(clients.documents, jobEnvironment.SLUICE_JOBS_TABLE, status, mostCounted);
  const [PENDING, RUNNING, COMPLETED, FAILED, CANCELLED] = await Promise.all([
    count('PENDING'),
    count('RUNNING'),
    count('COMPLETED'),
    count('FAILED'),
    count('CANCELLED'),
  ]);
  return {
    jobs: { PENDING: PENDING.count, RUNNING: RUNNING.count, COMPLETED: COMPLETED.count, FAILED: FAILED.count, CANCELLED: CANCELLED.count },
    jobsAreMinimums: [PENDING, RUNNING, COMPLETED, FAILED, CANCELLED].some(({ more }) => more),
  };
}

async function permitStats({ clients, stage, jobEnvironment }: Services, nowMs: number): Promise<PermitStats[]> {
  return inWaves(Object.entries(stage.settings.permits), callsAtOnce, async ([name, set]) => {
    const { limit = set, held, waiting } = await permitFigures(clients.documents, jobEnvironment.SLUICE_TASKS_TABLE, name, nowMs);
    return { name, total: limit, free: Math.max(0, limit - held), waiting };
  });
}

async function reserved({ reservations, stage }: Services): Promise<ConcurrencyStats['overall']['reservedConcurrency']> {
  const ledger = await reservations.known();
  if (ledger === undefined || ledger.refreshedAtMs === 0) return undefined;
  const own = ownReservedConcurrency(stage.settings);
  const others = Math.max(0, ledger.othersReserved - own);
  return { account: ledger.accountLimit, own, groups: ledger.granted, others, free: roomIn(ledger) };
}

async function seenGroup({ clients }: Services, row: PipelineRow): Promise<SeenGroup> {
  const [queue, dead] = await Promise.all([
    queueFigures(clients.sqs, row.resources.queueUrl),
    queueFigures(clients.sqs, row.resources.deadLetterQueueUrl),
  ]);
  return { row, queue, deadLetters: dead.queued + dead.inFlight };
}
