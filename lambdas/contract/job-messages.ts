/**
 * Messages between the functions of the job service. Each is a hint to look, but for a report, which tells what became
 * of a task; a report may come twice, late or out of order.
 */
import { z } from 'zod';

/** A task group or a function, as one text: `group:<name>` or `function:<reference>`. */
export const Target = z.string().regex(/^(group|function):.+$/s);
export const groupTarget = (taskGroup: string) => `group:${taskGroup}`;
export const functionTarget = (reference: string) => `function:${reference}`;
export const taskGroupOfTarget = (target: string) => (target.startsWith('group:') ? target.slice('group:'.length) : undefined);
export const functionOfTarget = (target: string) => (target.startsWith('function:') ? target.slice('function:'.length) : undefined);

/** To the dispatcher. */
export const DispatchHint = z.discriminatedUnion('kind', [
  /** Start whichever waiting jobs may. */
  z.object({ kind: z.literal('schedule') }),
  /** Look at the running jobs of a target: send what has room, end what is overdue, close what is done. */
  z.object({ kind: z.literal('target'), target: Target }),
]);
export type DispatchHint = z.output<typeof DispatchHint>;

/** To the function that reads task files. */
export const IntakeHint = z.object({ job: z.string() });
export type IntakeHint = z.output<typeof IntakeHint>;

/** To the function that writes results files. */
export const ResultsHint = z.object({ job: z.string(), life: z.int(), only: z.enum(['all', 'failed']) });
export type ResultsHint = z.output<typeof ResultsHint>;

/** To the notifier: this event is in the outbox. */
export const EventHint = z.object({ job: z.string(), event: z.string() });
export type EventHint = z.output<typeof EventHint>;
