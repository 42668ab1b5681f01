/**
 * What becomes of tasks when everything goes wrong at once: processes that die at any moment, deliveries twice over,
 * throttled receives, lost answers. The runtime, its ports and the rules of SQS and DynamoDB are the real ones.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineConsumer, PermanentError, RateLimited } from '../../consumer/index.ts';
import { taskAttributes } from '../../lambdas/contract/task-wire.ts';
import { readLetter } from '../../lambdas/domain/task/letter.ts';
import { ConsumerStage, type Mishaps, noMishaps, type Process } from './consumer-stage.ts';

const maxRetries = 3;
const stepNames = ['one', 'two', 'three'];

type Ending = 'done' | 'transient' | 'permanent' | 'limited' | 'crash';

/** One run of the author's function, or of one of its steps. */
interface Span {
  task: string;
  what: string;
  process: Process;
  fromMs: number;
  toMs: number | undefined;
  ending: Ending;
}

interface Plan {
  endings: Partial<Record<Ending, number>>;
  /** Milliseconds a step takes, at most. */
  slowness: number;
  /** Chance that a run takes longer than its invocation. */
  overruns: number;
}

function life(seed: number, mishaps: Mishaps, plan: Plan, duplicates: 'recorded' | 'allowed') {
  const spans: Span[] = [];
  const runs: Span[] = [];
  const endings = Object.entries(plan.endings).flatMap(([ending, weight]) => Array<Ending>(weight).fill(ending as Ending));
  const stage: ConsumerStage = new ConsumerStage({
    ...{ seed, mishaps, slots: 3, batch: 3 },
    consumer: (process) =>
      defineConsumer({
        ...(duplicates === 'allowed' ? { duplicates: false } : {}),
        metrics: false,
        task: async (_body, { taskId, step, sleep }) => {
          const { random } = stage.aws;
          const ending = endings[Math.floor(random() * endings.length)] ?? 'done';
          const run = began(taskId, 'run', process, ending);
          runs.push(run);
          try {
            for (const name of stepNames) {
              await step(name, async () => {
                const span = began(taskId, name, process, ending);
                try {
                  if (name === 'two' && ending === 'crash') process.caller.kill();
                  await sleep(random() * (random() < plan.overruns ? 60_000 : plan.slowness));
                } finally {
                  span.toMs = stage.nowMs;
                }
              });
            }
            // The step it crashes in was recorded by an earlier run.
            if (ending === 'crash') run.ending = 'done';
            // Some ignore that they were aborted.
            if (random() < plan.overruns) await stage.aws.clock.sleep(random() * 40_000);
            if (ending === 'transient') throw new Error('transient');
            if (ending === 'permanent') throw new PermanentError('permanent');
            if (ending === 'limited') throw new RateLimited(1 + Math.floor(random() * 5));
          } finally {
            run.toMs = stage.nowMs;
          }
        },
      }),
  });
  function began(task: string, what: string, process: Process, ending: Ending): Span {
    const span = { task, what, process, fromMs: stage.nowMs, toMs: undefined, ending };
    spans.push(span);
    return span;
  }
  const recordedDone = new Map<string, number>();
  stage.aws.dynamodb.onChange = ({ keys, before, after }) => {
    if (after?.['status'] === 'done' && before?.['status'] !== 'done')
      recordedDone.set(String(keys['pk']), (recordedDone.get(String(keys['pk'])) ?? 0) + 1);
  };
  return { stage, spans, runs, recordedDone };
}

/** When a span was surely over: it ended, or its process did. */
const endOf = ({ toMs, process }: Span) => Math.min(toMs ?? Number.POSITIVE_INFINITY, process.diedAtMs ?? Number.POSITIVE_INFINITY);

/** Pairs of the same thing of the same task that overlapped. */
function overlaps(spans: readonly Span[]): string[] {
  const found: string[] = [];
  for (const group of Map.groupBy(spans, ({ task, what }) => `${what} of ${task}`).entries()) {
    const [name, same] = group;
    const sorted = same.toSorted((a, b) => a.fromMs - b.fromMs);
    for (const [n, span] of sorted.entries()) {
      const next = sorted[n + 1];
      if (next && next.fromMs < endOf(span)) found.push(`${name}: at ${next.fromMs}, while the one of ${span.fromMs} went on`);
    }
  }
  return found;
}

function lettersOf(stage: ConsumerStage) {
  return stage.deadLetters.messages().map(({ messageAttributes }) => readLetter(messageAttributes[taskAttributes.letter]?.StringValue));
}

const anyMishaps: fc.Arbitrary<Mishaps> = fc.record({
  dies: fc.constantFrom(0, 0.05, 0.3),
  diesAtCall: fc.constantFrom(0, 0.04),
  throttled: fc.constantFrom(0, 0.3),
  twice: fc.constantFrom(0, 0.2),
  untold: fc.constantFrom(0, 0.1),
  answerLost: fc.constantFrom(0, 0.05),
});
const anyPlan: fc.Arbitrary<Plan> = fc.record({
  endings: fc.constantFrom(
    { done: 1 },
    { done: 6, transient: 2, permanent: 1, limited: 1, crash: 1 },
    { transient: 1, crash: 1 },
    { done: 1, limited: 3 },
  ),
  slowness: fc.constantFrom(10, 3_000),
  overruns: fc.constantFrom(0, 0.1),
});
const tasks = 12;

function submit(stage: ConsumerStage): string[] {
  const ids = Array.from({ length: tasks }, (_, n) => `task-${n}`);
  for (const [n, id] of ids.entries()) {
    stage.send({ n }, id);
    // Some senders send twice.
    if (sentTwice(id)) stage.send({ n }, id);
  }
  return ids;
}

const sentTwice = (id: string) => Number(id.slice('task-'.length)) % 4 === 0;

describe('whatever goes wrong', () => {
  it('each task is recorded done once, or dead with its reason; its copies never run at once, nor too often', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), anyMishaps, anyPlan, async (seed, mishaps, plan) => {
        const { stage, spans, runs, recordedDone } = life(seed, mishaps, plan, 'recorded');
        const ids = submit(stage);
        await stage.drain();
        const letters = lettersOf(stage);
        expect(letters).not.toContain(undefined);
        // A task that is sent again after its death may begin while the run it died of ignores its signal for a last second.
        const livedTwice = ids.filter((id) => sentTwice(id) && letters.some((letter) => letter?.task === id));
        expect(overlaps(spans.filter(({ task }) => !livedTwice.includes(task)))).toEqual([]);
        for (const id of ids) {
          const done = recordedDone.get(`task#acme#${id}`) ?? 0;
          const own = letters.filter((letter) => letter?.task === id);
          const tried = runs.filter(({ task, ending }) => task === id && ending !== 'limited');
          // Sent again after it was dead, a task lives again.
          const lives = sentTwice(id) ? 1 + Math.min(1, own.length) : 1;
          expect(tried.length).toBeLessThanOrEqual(lives * (maxRetries + 1));
          expect([id, done]).toEqual([id, done > 0 ? 1 : 0]);
          if (sentTwice(id)) expect([id, done + own.length]).not.toEqual([id, 0]);
          else expect([id, own.length > 0]).toEqual([id, done === 0]);
          const ofTask = runs.filter(({ task }) => task === id);
          const reasons = (sentTwice(id) ? ofTask : ofTask.slice(-1)).flatMap(reasonsOf);
          for (const letter of own) expect(['RESOURCE', ...reasons]).toContain(letter?.class);
        }
      }),
      { numRuns: 150 },
    );
  }, 180_000);

  it('where duplicates do not matter, each task is run, or dead with its reason; its steps never run at once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), anyMishaps, anyPlan, async (seed, mishaps, plan) => {
        const { stage, spans, runs } = life(seed, mishaps, plan, 'allowed');
        const ids = submit(stage);
        await stage.drain();
        const letters = lettersOf(stage);
        expect(letters).not.toContain(undefined);
        expect(overlaps(spans.filter(({ what }) => what !== 'run'))).toEqual([]);
        for (const id of ids) {
          const own = letters.filter((letter) => letter?.task === id);
          const ended = runs.some(({ task, ending, toMs }) => task === id && ending === 'done' && toMs !== undefined);
          expect([id, ended || own.length > 0]).toEqual([id, true]);
        }
      }),
      { numRuns: 100 },
    );
  }, 180_000);
});

/** What a letter may say after this run; every run can also be overtaken by the end of its process, or of its time. */
function reasonsOf({ ending }: Span): string[] {
  if (ending === 'transient') return ['TRANSIENT'];
  return ending === 'permanent' ? ['PERMANENT'] : [];
}

describe('a good task', () => {
  it('survives 400 receives that were throttled', async () => {
    let throttled = 400;
    const { stage, runs, recordedDone } = life(1, noMishaps, { endings: { done: 1 }, slowness: 10, overruns: 0 }, 'recorded');
    const { receive } = stage.aws.sqs;
    stage.aws.sqs.receive = (queue, max) => {
      const messages = receive.call(stage.aws.sqs, queue, max);
      if (messages.length === 0 || throttled === 0) return messages;
      throttled -= 1;
      return [];
    };
    stage.send({}, 'good');
    await stage.drain(48);
    expect(throttled).toBe(0);
    expect(runs).toHaveLength(1);
    expect(recordedDone.get('task#acme#good')).toBe(1);
    expect(stage.deadLetters.size).toBe(0);
  });

  it('survives 400 receives while its group cools', async () => {
    const { stage, runs, recordedDone } = life(2, noMishaps, { endings: { done: 1 }, slowness: 10, overruns: 0 }, 'recorded');
    const beganMs = stage.nowMs;
    let receives = 0;
    // Its target says so again and again, to others of the group.
    const cool = () => {
      receives = Math.max(receives, ...stage.queue.messages().map(({ receiveCount }) => receiveCount));
      if (receives >= 400) return;
      const untilMs = stage.nowMs + 40_000;
      stage.aws.dynamodb.put('tasks', { pk: 'group#acme', sk: 'cooling', untilMs, lastLimitedAtMs: stage.nowMs, expiresAt: 0 });
      stage.aws.clock.after(5_000, cool);
    };
    cool();
    stage.send({}, 'good');
    await stage.drain(48);
    expect(receives).toBeGreaterThanOrEqual(400);
    expect(stage.nowMs).toBeGreaterThan(beganMs);
    expect(runs.map(({ ending }) => ending)).toEqual(['done']);
    expect(recordedDone.get('task#acme#good')).toBe(1);
    expect(stage.deadLetters.size).toBe(0);
  });
});
