/**
 * How fast config becomes pipelines and an upload reaches them, against what the control-plane budget allows at best.
 * Runs our own functions on the double of AWS in virtual time: `node bench/reconcile.ts [--full]`. Exits with 1 when a
 * target is missed.
 */
import { zipOf } from '../test/double/aws/s3.ts';
import { OwnStage } from '../test/double/own-stage.ts';
import { type CallFigures, callFigures, perPipeline } from './lambda-calls.ts';
import { naiveLoop } from './naive-loop.ts';
import { endProgress, type Line, missed, printLines, progress, seconds } from './report.ts';

const budgetPerSecond = 10;
/** CreateFunction, PutFunctionConcurrency, CreateEventSourceMapping. */
const callsPerCreate = 3;
/** UpdateFunctionCode. */
const callsPerUpdate = 1;
const mostRatio = 1.05;
const mostChangeMs = 30_000;

interface Phase extends CallFigures {
  pipelines: number;
  ms: number;
  realMs: number;
  finished: boolean;
}

function newStage(pipelines: number): OwnStage {
  const stage = new OwnStage({
    aws: { lambda: { accountConcurrency: Math.max(3_000, pipelines + 200) } },
    stage: { controlPlaneBudgetPerSecond: budgetPerSecond },
    sweepByHand: true,
  });
  stage.aws.log.keepInputs = false;
  return stage;
}

/** Runs until `done` counts all pipelines, at most three times the ideal. */
async function phase(stage: OwnStage, what: string, pipelines: number, idealMs: number, done: () => number): Promise<Phase> {
  const { aws } = stage;
  const startMs = aws.clock.nowMs();
  const firstCall = aws.log.calls.length;
  const realStart = performance.now();
  let lookAtMs = 0;
  let finished = false;
  const reached = () => {
    if (finished || aws.clock.nowMs() < lookAtMs) return finished;
    lookAtMs = aws.clock.nowMs() + 100;
    const count = done();
    progress(`${what}: ${count} of ${pipelines}, ${seconds(aws.clock.nowMs() - startMs)} virtual`);
    finished = count >= pipelines;
    return finished;
  };
  await stage.runUntil(reached, 3 * idealMs + 120_000);
  endProgress();
  return {
    ...callFigures(aws.log.calls.slice(firstCall)),
    pipelines,
    ms: aws.clock.nowMs() - startMs,
    realMs: performance.now() - realStart,
    finished,
  };
}

const createIdealMs = (pipelines: number) => (pipelines * callsPerCreate * 1_000) / budgetPerSecond;
const updateIdealMs = (pipelines: number) => (pipelines * callsPerUpdate * 1_000) / budgetPerSecond;

async function create(stage: OwnStage, pipelines: number): Promise<Phase> {
  const uploaded = stage.upload(zipOf('one'));
  await stage.runUntil(() => stage.pointer()?.version === uploaded.versionId, 60_000);
  for (let i = 0; i < pipelines; i += 1) stage.write({ taskGroup: `customer-${i}`, concurrency: 1 });
  return phase(stage, 'creating', pipelines, createIdealMs(pipelines), () => stage.countPhase('Active'));
}

interface RolledOut extends Phase {
  /** From the upload until the release was proved and the first pipeline got its hint: no matter of the budget. */
  provedMs: number;
  changeMs: number;
}

/** Rolls one upload out; a third of the way through, one group's item changes. */
async function rollOut(stage: OwnStage, pipelines: number): Promise<RolledOut> {
  const uploadedMs = stage.aws.clock.nowMs();
  const uploaded = stage.upload(zipOf('two'));
  await stage.runUntil(() => stage.release(uploaded.versionId)?.state === 'RollingOut', 120_000);
  const provedMs = stage.aws.clock.nowMs() - uploadedMs;
  const settled = () => {
    const release = stage.release(uploaded.versionId);
    return (release?.done ?? 0) + (release?.failed ?? 0) + (release?.skipped ?? 0);
  };
  const first = await phase(stage, 'rolling out', Math.floor(pipelines / 3), updateIdealMs(pipelines), settled);
  const change = await changeOne(stage, `customer-${pipelines - 1}`);
  const rest = await phase(stage, 'rolling out', pipelines, updateIdealMs(pipelines), settled);
  const calls = { ...rest, byOperation: added(added(first.byOperation, change.byOperation), rest.byOperation) };
  return {
    ...calls,
    calls: first.calls + rest.calls + change.calls,
    throttles: first.throttles + rest.throttles + change.throttles,
    fullestSecond: Math.max(first.fullestSecond, rest.fullestSecond, change.fullestSecond),
    ms: first.ms + change.ms + rest.ms,
    realMs: first.realMs + change.realMs + rest.realMs,
    provedMs,
    changeMs: change.ms,
  };
}

function changeOne(stage: OwnStage, taskGroup: string): Promise<Phase> {
  stage.write({ taskGroup, concurrency: 2, function: { memorySize: 512 } });
  const applied = () => {
    const row = stage.row(taskGroup);
    return row?.phase === 'Active' && row.reserved === 2 ? 1 : 0;
  };
  return phase(stage, 'changing one meanwhile', 1, mostChangeMs, applied);
}

function added(a: Record<string, number>, b: Record<string, number>): Record<string, number> {
  return Object.fromEntries([...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [key, (a[key] ?? 0) + (b[key] ?? 0)]));
}

function lines(what: Phase, idealMs: number): Line[] {
  const ratio = what.ms / idealMs;
  return [
    { what: 'virtual time', figure: what.finished ? seconds(what.ms) : 'unfinished' },
    { what: `ideal at ${budgetPerSecond} calls a second`, figure: seconds(idealMs) },
    { what: 'ratio', figure: ratio.toFixed(3) },
    { what: 'control-plane calls per pipeline', figure: (what.calls / what.pipelines).toFixed(2) },
    { what: 'most calls in any second', figure: String(what.fullestSecond), target: '≤ 15', met: what.fullestSecond <= 15 },
    { what: 'throttles seen', figure: String(what.throttles), target: '0', met: what.throttles === 0 },
    { what: 'Lambda calls per pipeline', figure: perPipeline(what, what.pipelines) },
    { what: 'real time', figure: seconds(what.realMs) },
  ];
}

async function run(pipelines: number): Promise<{ lines: Line[]; callsPerUpdate: number }> {
  const stage = newStage(pipelines);
  const created = await create(stage, pipelines);
  // What hints are left finds nothing to do; a rollout starts on a quiet stage.
  await stage.runUntil(() => stage.hintsLeft === 0, 300_000);
  const rolledOut = await rollOut(stage, pipelines);
  const createLines = lines(created, createIdealMs(pipelines));
  const rolloutLines: Line[] = [
    { what: 'upload to proved, before', figure: seconds(rolledOut.provedMs) },
    ...lines(rolledOut, updateIdealMs(pipelines)),
    {
      what: 'a change written meanwhile, applied after',
      figure: seconds(rolledOut.changeMs),
      target: '≤ 30 s',
      met: rolledOut.changeMs <= mostChangeMs,
    },
  ];
  printLines(`${pipelines.toLocaleString('en')} pipelines from ${pipelines.toLocaleString('en')} config items`, createLines);
  printLines(`one upload rolled out to ${pipelines.toLocaleString('en')} pipelines`, rolloutLines);
  const total = totalLine([created, rolledOut], createIdealMs(pipelines) + updateIdealMs(pipelines));
  printLines('both together, with what a rollout waits for at its end', [total]);
  return { lines: [...createLines, ...rolloutLines, total], callsPerUpdate: rolledOut.calls / pipelines };
}

/** The budget's target is for the whole: the last update of a rollout is waited for, however few there are. */
function totalLine(phases: readonly Phase[], idealMs: number): Line {
  const ratio = phases.reduce((sum, { ms }) => sum + ms, 0) / idealMs;
  const met = ratio <= mostRatio && phases.every(({ finished }) => finished);
  return { what: 'virtual time against the ideal', figure: ratio.toFixed(3), target: `≤ ${mostRatio}`, met };
}

async function baseline(pipelines: number): Promise<void> {
  const naive = await naiveLoop(pipelines, Math.max(3_000, pipelines + 200));
  for (const [what, figures] of Object.entries(naive)) {
    printLines(`baseline, an unpaced loop: ${what}`, [
      { what: 'virtual time', figure: seconds(figures.ms) },
      { what: 'pipelines failed', figure: `${figures.failed} of ${pipelines}` },
      { what: 'control-plane calls per pipeline', figure: (figures.calls / pipelines).toFixed(2) },
      { what: 'throttles seen', figure: String(figures.throttles) },
    ]);
  }
}

const thousand = await run(1_000);
await baseline(1_000);
let misses = missed(thousand.lines);
if (process.argv.includes('--full')) {
  const tenThousand = await run(10_000);
  const flat = tenThousand.callsPerUpdate / thousand.callsPerUpdate;
  const flatLine: Line = { what: 'calls per pipeline, 10,000 against 1,000', figure: flat.toFixed(3), target: '≤ 1.05', met: flat <= 1.05 };
  printLines('cost of a rollout', [flatLine]);
  misses += missed([...tenThousand.lines, flatLine]);
}
if (misses > 0) {
  console.error(`\n${misses} target${misses === 1 ? '' : 's'} missed`);
  process.exitCode = 1;
}
