/** GET /jobs/{id}/explain, and the dry run of a submission: why a job waits, or why it is where it is, and when it starts. */
import { customerLimits } from '../aws/jobs/customer-limits.ts';
import { viewJob } from '../aws/jobs/job-view.ts';
import { type JobRequest, jobDefaults } from '../contract/job.ts';
import { NoQuery } from '../contract/job-api.ts';
import { needsTarget } from '../contract/job-messages.ts';
import type { JobRow } from '../contract/job-table.ts';
import type { Explanation } from '../contract/lease-api.ts';
import type { PlacingRow } from '../contract/placement-table.ts';
import { laterExplanation, leasedExplanation, plainExplanation, waitingExplanation } from '../domain/job/explanation.ts';
import { slotExplanation } from '../domain/job/slot-explanation.ts';
import { type Measured, startForecast } from '../domain/job/start-forecast.ts';
import { runAtMs } from '../domain/job/task-input.ts';
import { Book, type Snapshot } from '../domain/placement/book.ts';
import { isPlaced, type PlacedJob, placingOrder, placingRowOf } from '../domain/placement/placed-job.ts';
import { allPages } from '../framework/all-pages.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import { readSnapshot } from './read-book.ts';
import { type Call, jobIdOf, noSuchJob } from './route.ts';

/** Jobs that ended last, whose durations count. */
const measuredJobs = 100;

export async function explainJob(call: Call): Promise<Answer> {
  const { services, request } = call;
  queryOf(request, NoQuery);
  const id = jobIdOf(call);
  const [row, seen] = await Promise.all([services.jobs.get(id), viewJob(services, id)]);
  if (row === undefined || seen === undefined) throw noSuchJob(id);
  if (waitsForSlot(row, services.clock.nowMs())) return json(200, await slotExplained(services, row));
  if (!isPlaced(row) || row.placed.step === 'ended') return json(200, plainExplanation(id, row.status, seen.message));
  return json(200, await explained(services, row, seen.message));
}

const waitsForSlot = (row: JobRow, nowMs: number) =>
  !isPlaced(row) && row.status === 'PENDING' && row.total !== undefined && row.readyAtMs !== undefined && (row.runAtMs ?? 0) <= nowMs;

async function slotExplained(services: Call['services'], row: JobRow): Promise<Explanation> {
  const { slots, lists, placement, stage } = services;
  const customers = customerLimits(placement);
  const [{ running }, waiting] = await Promise.all([slots.read(), allPages(lists.waiting()), customers.learn([row])]);
  return slotExplanation(row, waiting, running, { ...stage.settings, ofCustomer: customers.of });
}

async function explained(services: Call['services'], row: PlacedJob, message: string): Promise<Explanation> {
  const nowMs = services.clock.nowMs();
  const { step } = row.placed;
  const snapshot = await readSnapshot(services.placement, nowMs);
  if (step === 'placing') return waits(services, snapshot, placingRowOf(row), row.job, nowMs);
  const book = new Book(snapshot);
  return step === 'leased' ? leasedExplanation(book, row, message, nowMs) : laterExplanation(book, row, message, nowMs);
}

/** Of a request that was found good: as if it waited from now on, or from its time on. */
export async function dryRun(services: Call['services'], request: JobRequest, nowMs: number): Promise<Explanation> {
  const { needs = {}, inputs = [], affinity, objective = 'spread', customer, priority = jobDefaults.priority } = request;
  const snapshot = await readSnapshot(services.placement, nowMs);
  const row: PlacingRow = {
    job: services.newId(),
    ...(customer === undefined ? {} : { customer }),
    priority,
    orderMs: placingOrder({ priority }, nowMs, snapshot.overall.ageingSeconds),
    readyAtMs: nowMs,
    needs,
    ...(affinity === undefined ? {} : { affinity }),
    objective,
    inputs,
  };
  const explanation = await waits(services, snapshot, row, undefined, nowMs);
  const at = runAtMs(request, nowMs) ?? nowMs;
  return at > nowMs ? notBefore(explanation, at) : explanation;
}

/** What it will be up against by then nobody knows; it is shown as it is now. */
function notBefore({ start: _start, ...explanation }: Explanation, atMs: number): Explanation {
  const earliest = new Date(atMs).toISOString();
  return { ...explanation, text: `it waits for its time, ${earliest}; if that were now: ${explanation.text}`, start: { earliest } };
}

async function waits(
  services: Call['services'],
  snapshot: Snapshot,
  row: PlacingRow,
  id: string | undefined,
  nowMs: number,
): Promise<Explanation> {
  // It may have come to wait, or have got its place, between two reads.
  const others = [...snapshot.waiting].filter(({ job }) => job !== row.job);
  const own = { ...row, orderMs: placingOrder(row, row.readyAtMs, snapshot.overall.ageingSeconds) };
  const whole = { ...snapshot, leases: [...snapshot.leases].filter(({ job }) => job !== row.job), waiting: [...others, own] };
  const forecast = startForecast(whole, row.job, await durations(services), nowMs);
  return waitingExplanation(new Book(whole), own, { id, forecast, nowMs });
}

async function durations({ jobs }: Call['services']): Promise<Measured[]> {
  const { rows } = await jobs.list({ target: needsTarget, status: 'COMPLETED', limit: measuredJobs });
  return rows.flatMap(({ placed, startedAtMs, endedAtMs }) =>
    placed?.pool === undefined || startedAtMs === undefined || endedAtMs === undefined
      ? []
      : [{ pool: placed.pool, milliseconds: Math.max(0, endedAtMs - startedAtMs) }],
  );
}
