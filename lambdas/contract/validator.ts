/** What a stage's own validator (setting `validatorFunction`) is invoked with, once per job that states needs, and what it answers. */
import { z } from 'zod';
import { Customer, Needs } from './placement.ts';
import { SizedInput } from './placement-table.ts';

export const ValidatorRequest = z.object({
  v: z.literal(1),
  job: z.string(),
  customer: Customer.optional(),
  body: z.json(),
  needs: Needs,
  /** Each is there and may be read; with its bytes. */
  inputs: z.array(SizedInput),
});
export type ValidatorRequest = z.output<typeof ValidatorRequest>;

const mostFindings = 50;
const findingCharacters = 1_000;

/** `findings` are shown with the job, also of one that is good; what is too long or too many is cut. */
export const ValidatorAnswer = z.object({
  ok: z.boolean(),
  findings: z
    .array(z.string())
    .default([])
    .transform((findings) => findings.slice(0, mostFindings).map((finding) => finding.slice(0, findingCharacters))),
});
export type ValidatorAnswer = z.output<typeof ValidatorAnswer>;
