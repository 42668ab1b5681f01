/**
 * The record of every call, and the faults that tests plant in it. Knows nothing of what a call does.
 * A fault hits the nth call that fits it: before it is done, after it was done, or by killing the caller at that point.
 */
export type ServiceName = 'lambda' | 'sqs' | 's3' | 'dynamodb' | 'sns' | 'secretsmanager';

export interface Call {
  /** When it took effect or was refused. */
  atMs: number;
  caller: string;
  service: ServiceName;
  operation: string;
  input: Readonly<Record<string, unknown>>;
  /** `ok`, the error's name, or how a planted fault ended it. */
  outcome: string;
}

export interface Fault {
  /** Which calls count; all when absent. */
  fits?: (call: Pick<Call, 'service' | 'operation' | 'input' | 'caller'>) => boolean;
  /** The nth fitting call is hit, counted from 1. */
  nth: number;
  when: 'before' | 'after';
  /** `crash` stops the caller for good; an error is thrown to it. */
  effect: 'crash' | Error;
}

interface PlantedFault extends Fault {
  seen: number;
  struck: boolean;
}

export class CallLog {
  readonly calls: Call[] = [];
  /** Off for benchmarks with millions of calls. */
  keepInputs = true;
  /** Sees each call right after it took effect. */
  watch: (call: Call) => void = () => {};
  #faults: PlantedFault[] = [];

  plant(fault: Fault): void {
    this.#faults.push({ ...fault, seen: 0, struck: false });
  }

  clearFaults(): void {
    this.#faults = [];
  }

  /** The fault that this call meets, counted once. */
  faultFor(call: Pick<Call, 'service' | 'operation' | 'input' | 'caller'>): Fault | undefined {
    let met: Fault | undefined;
    for (const fault of this.#faults) {
      if (fault.struck || (fault.fits && !fault.fits(call))) continue;
      fault.seen += 1;
      if (fault.seen !== fault.nth) continue;
      fault.struck = true;
      met ??= fault;
    }
    return met;
  }

  record(call: Call): void {
    this.calls.push(this.keepInputs ? call : { ...call, input: {} });
    this.watch(call);
  }

  /** Calls from `index` on that fit. */
  since(index: number, fits: (call: Call) => boolean = () => true): Call[] {
    return this.calls.slice(index).filter(fits);
  }
}

const reads = /^(Get|List|Head|Query|Scan|BatchGet|Describe|Receive)/;

/** Calls that change something at AWS (not: reads, invocations, messages being handled). */
export const isWrite = (call: Pick<Call, 'operation'>) =>
  !reads.test(call.operation) &&
  !['Invoke', 'SendMessage', 'SendMessageBatch', 'DeleteMessage', 'DeleteMessageBatch'].includes(call.operation) &&
  !call.operation.startsWith('ChangeMessageVisibility');
