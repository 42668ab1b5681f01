/**
 * One service's `send`: finds the operation by the command's class, lets latency pass, asks the service's limits,
 * meets planted faults, does the operation at one instant and records it. The operations themselves are elsewhere.
 */
import type { VirtualClock } from '../virtual-clock.ts';
import { type Caller, never } from './caller.ts';
import type { Call, CallLog, Fault, ServiceName } from './calls.ts';
import { NotInDouble } from './errors.ts';
import { between, type Random } from './random.ts';
import type { Range } from './settings.ts';

// biome-ignore lint/suspicious/noExplicitAny: commands of every service meet here; each operation knows its own input.
type AnyInput = any;
export type CommandClass = new (input: AnyInput) => { readonly input: object };

/** An answer that takes longer than the call itself, such as an invocation's. */
export class Later {
  readonly afterMs: number;
  readonly answer: () => unknown;
  constructor(afterMs: number, answer: () => unknown) {
    this.afterMs = afterMs;
    this.answer = answer;
  }
}

/** `command` is the same object when the SDK sends a call again. */
export interface CallOf {
  operation: string;
  caller: string;
  command: object;
}

export type Operation = (input: AnyInput, call: CallOf) => object | Later;
export type Operations = Map<CommandClass, Operation>;

/** Pairs a command with what the double does for it. */
export function on<Command extends CommandClass>(
  command: Command,
  operation: (input: NonNullable<ConstructorParameters<Command>[0]>, call: CallOf) => object | Later,
): [CommandClass, Operation] {
  return [command, operation];
}

export interface ServiceOptions {
  name: ServiceName;
  clock: VirtualClock;
  log: CallLog;
  random: Random;
  latencyMs: Range;
  sdkAttempts: number;
  operations: Operations;
  /** Throws when the call is over one of the service's rate limits. */
  throttle?: (operation: string) => void;
}

export class Service {
  readonly #options: ServiceOptions;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  /** A client of this service in the hands of `caller`. */
  clientFor(caller: Caller, sdkAttempts = this.#options.sdkAttempts): { send(command: { input: object }): Promise<unknown> } {
    return { send: (command) => this.#sendTried(command, caller, sdkAttempts) };
  }

  /** The SDK's standard retries: up to half a second before the second try, a second before the third. */
  async #sendTried(command: { input: object }, caller: Caller, sdkAttempts: number): Promise<unknown> {
    const { clock, random } = this.#options;
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#send(command, caller);
      } catch (error) {
        if (tries >= sdkAttempts || !isTriedAgain(error)) throw error;
        await clock.sleep(random() * 500 * 2 ** (tries - 1));
      }
    }
  }

  async #send(command: { input: object }, caller: Caller): Promise<unknown> {
    const { clock, latencyMs, random, operations, name } = this.#options;
    if (!caller.alive) return never();
    const perform = operations.get(command.constructor as CommandClass);
    if (!perform) throw new NotInDouble(`${name} ${operationOf(command)} is not in the double`);
    const input = withoutUndefined(command.input) as Record<string, unknown>;
    const latency = between(random, latencyMs.min, latencyMs.max);
    await clock.sleep(latency / 2);
    if (!caller.alive) return never();
    try {
      const result = this.#done(command, perform, input, caller);
      const answer = result instanceof Later ? await this.#answerLater(result) : result;
      return { $metadata: { httpStatusCode: 200, attempts: 1 }, ...(answer as object) };
    } finally {
      await clock.sleep(latency / 2);
      if (!caller.alive) await never();
    }
  }

  async #answerLater(later: Later): Promise<unknown> {
    await this.#options.clock.sleep(later.afterMs);
    return later.answer();
  }

  #done(command: object, perform: Operation, input: Record<string, unknown>, caller: Caller): object | Later {
    const { name, log, clock, throttle } = this.#options;
    const operation = operationOf(command);
    const call: Call = { atMs: clock.nowMs(), caller: caller.name, service: name, operation, input, outcome: 'ok' };
    const fault = log.faultFor(call);
    try {
      if (fault?.when === 'before') strike(fault, caller, call);
      throttle?.(operation);
      const result = perform(input, { operation, caller: caller.name, command });
      if (fault?.when === 'after') strike(fault, caller, call);
      return result;
    } catch (error) {
      if (call.outcome === 'ok') call.outcome = error instanceof Error ? error.name : 'unknown';
      throw error;
    } finally {
      log.record(call);
    }
  }
}

const operationOf = (command: object) => command.constructor.name.replace(/Command$/, '');

/** Throttles and broken connections (SDK reference guide, feature-retry-behavior). */
function isTriedAgain(error: unknown): boolean {
  const names = [
    'TooManyRequestsException',
    'RequestThrottled',
    'ThrottlingException',
    'ProvisionedThroughputExceededException',
    'TimeoutError',
  ];
  return error instanceof Error && names.includes(error.name);
}

function strike(fault: Fault, caller: Caller, call: Call): never {
  call.outcome = `fault ${fault.when}`;
  if (fault.effect !== 'crash') throw fault.effect;
  caller.kill();
  throw new Error('the caller was killed');
}

/** A deep copy, as the wire makes one, without what is undefined; bytes and sets stay what they are. */
export function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (value instanceof Set) return new Set(value);
  if (value === null || typeof value !== 'object' || ArrayBuffer.isView(value) || value instanceof Date) return value;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined) copy[key] = withoutUndefined(inner);
  }
  return copy;
}
