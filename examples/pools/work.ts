/** What is handed from one to the next: the body of a job, and what a worker outside gets. Schemas only. */
import * as z from 'zod';

export const Work = z.object({
  kind: z.string(),
  /** How long it takes. */
  seconds: z.number().min(0).max(20),
  /** Outside of Lambda its first attempt fails half-way. */
  failsOnce: z.boolean().default(false),
});
export type Work = z.infer<typeof Work>;

export const OutsideWork = z.object({
  lease: z.object({ token: z.string(), url: z.string(), fence: z.number(), leaseSeconds: z.number() }),
  seconds: z.number(),
  fails: z.boolean(),
});
export type OutsideWork = z.infer<typeof OutsideWork>;
