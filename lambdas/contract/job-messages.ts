/**
 * Messages between the functions of the job service. Each is a hint to look, but for a report, which tells what became
 * of a task; a report may come twice, late or out of order.
 */
import { z } from 'zod';

/** A task group or a function, as one text: `group:<name>` or `function:<reference>`; `needs:` of a job that states needs. */
export const Target = z.string().regex(/^(group|function):.+$/s);
/** No dispatcher looks at it: such jobs are placed. */
export const needsTarget = 'needs:';
export const groupTarget = (taskGroup: string) => `group:${taskGroup}`;
export const functionTarget = (reference: string) => `function:${reference}`;
export const taskGroupOfTarget = (target: string) => (target.startsWith('group:') ? target.slice('group:'.length) : undefined);
export const functionOfTarget = (target: string) => (target.startsWith('function:') ? target.slice('function:'.length) : undefined);

/** To the function that reads task files. */
export const IntakeHint = z.object({ job: z.string() });
export type IntakeHint = z.output<typeof IntakeHint>;

/** To the function that writes results files. */
export const ResultsHint = z.object({ job: z.string(), life: z.int(), only: z.enum(['all', 'failed']) });
export type ResultsHint = z.output<typeof ResultsHint>;

/** To the scheduler that places jobs on pools; in one FIFO message group, so that one looks at a time. */
export const PlacingHint = z.discriminatedUnion('kind', [
  /** It waits, was changed, or has ended. */
  z.object({ kind: z.literal('job'), job: z.string() }),
  /** Its config item or its pipeline changed, or it reported its capacity. */
  z.object({ kind: z.literal('pool'), taskGroup: z.string() }),
  /** The item with this key changed: `*limits` or `*limits/<customer>`. */
  z.object({ kind: z.literal('limits'), key: z.string() }),
  /** Look at everything: what is due, what is lost, what a hint missed. */
  z.object({ kind: z.literal('sweep') }),
]);
export type PlacingHint = z.output<typeof PlacingHint>;

/** To the dispatcher. */
export const DispatchHint = z.discriminatedUnion('kind', [
  /** Start whichever waiting jobs may. */
  z.object({ kind: z.literal('schedule') }),
  /** Look at the running jobs of a target: send what has room, end what is overdue, close what is done. */
  z.object({ kind: z.literal('target'), target: Target }),
  /** Hand it on to the scheduler: its own queue is FIFO, where no message can wait for its time. */
  z.object({ kind: z.literal('placing'), hint: PlacingHint }),
]);
export type DispatchHint = z.output<typeof DispatchHint>;

/** To the function that looks at inputs before a job waits for a pool. */
export const ValidationHint = z.object({ job: z.string() });
export type ValidationHint = z.output<typeof ValidationHint>;

/** To the notifier: this event is in the outbox. */
export const EventHint = z.object({ job: z.string(), event: z.string() });
export type EventHint = z.output<typeof EventHint>;
