/** `ctx.step`: runs a part of a task once and records what it gave. A recorded step is not run again by a later attempt. */
import { createHash } from 'node:crypto';
import { recordKeepSeconds, type StepRecord } from '../../lambdas/contract/task-table.ts';
import { DataError, PermanentError } from '../errors.ts';
import type { TaskRun } from './task-run.ts';

/** A longer result goes to S3: a DynamoDB item takes 400 KB in all (DynamoDB/ServiceQuotas). */
const inlineBytes = 300_000;
const nameCharacters = 200;

export class Steps {
  private readonly run: TaskRun;
  private readonly used = new Set<string>();
  private recorded: Promise<Map<string, StepRecord>> | undefined;

  constructor(run: TaskRun) {
    this.run = run;
  }

  step(name: string, fn: () => unknown): Promise<unknown> {
    return this.run.begun(this.take(name, fn));
  }

  private async take(name: string, fn: () => unknown): Promise<unknown> {
    this.use(name);
    this.run.signal.throwIfAborted();
    await this.run.ensureClaimed();
    const before = (await this.all()).get(name);
    if (before && before.recordedAtMs >= this.run.stepsSinceMs) {
      const recorded = await this.read(before);
      if (recorded !== 'gone') return recorded.value;
    }
    const json = jsonOf(name, await this.once(name, fn));
    await this.record(name, json);
    return json === undefined ? undefined : JSON.parse(json);
  }

  private use(name: string): void {
    if (typeof name !== 'string' || name === '' || name.length > nameCharacters)
      throw new PermanentError(`step: a name must be a text of 1-${nameCharacters} characters (got ${JSON.stringify(name)?.slice(0, 80)})`);
    if (this.used.has(name)) throw new PermanentError(`step ${name}: is used twice in one task; give each step a name of its own`);
    this.used.add(name);
  }

  private async once(name: string, fn: () => unknown): Promise<unknown> {
    this.run.currentStep = name;
    this.run.lease?.sayStep();
    try {
      const result = await fn();
      this.run.currentStep = undefined;
      return result;
    } catch (error) {
      this.remember(error, name);
      throw error;
    }
  }

  /** The innermost step is where it came from. */
  private remember(error: unknown, name: string): void {
    if (typeof error !== 'object' || error === null) return;
    this.run.stepOfError ??= new WeakMap();
    if (!this.run.stepOfError.has(error)) this.run.stepOfError.set(error, name);
  }

  /** What earlier attempts recorded; a task that nobody has seen before has nothing. */
  private all(): Promise<Map<string, StepRecord>> {
    this.recorded ??= this.run.seenBefore ? this.recordedSteps() : Promise.resolve(new Map());
    return this.recorded;
  }

  private async record(name: string, json: string | undefined): Promise<void> {
    const { records, largeResults, clock, newId } = this.run.runtime.ports;
    const nowMs = clock.nowMs();
    const times = { recordedAtMs: nowMs, expiresAt: Math.ceil(nowMs / 1_000) + recordKeepSeconds };
    if (json === undefined || Buffer.byteLength(json) <= inlineBytes) {
      await records.recordStep(this.run.held, name, { ...(json === undefined ? {} : { json }), ...times });
      return;
    }
    const { pipeline, task } = this.run.received;
    // A name of its own for every try: nobody overwrites a result that is on record.
    const objectKey = `steps/${pipeline}/${createHash('sha256').update(task).digest('hex').slice(0, 32)}/${newId()}.json`;
    await largeResults.put(objectKey, json);
    await records.recordStep(this.run.held, name, { objectKey, ...times });
  }

  private recordedSteps(): Promise<Map<string, StepRecord>> {
    const { records, clock } = this.run.runtime.ports;
    return records.steps(this.run.held, clock.nowMs());
  }

  /** A large result may be gone sooner than its record. */
  private async read({ json, objectKey }: StepRecord): Promise<{ value: unknown } | 'gone'> {
    const text = objectKey === undefined ? json : await this.run.runtime.ports.largeResults.get(objectKey);
    if (text === undefined && objectKey !== undefined) return 'gone';
    return { value: text === undefined ? undefined : JSON.parse(text) };
  }
}

function jsonOf(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  try {
    const json = JSON.stringify(value);
    if (json !== undefined) return json;
  } catch (cause) {
    throw new DataError(`step ${name}: its result is not JSON (${(cause as Error).message})`, { cause });
  }
  throw new DataError(`step ${name}: its result is not JSON (it is a ${typeof value})`);
}
