/** A pipeline as the API shows it: nothing of its function's environment, where somebody may have put a secret. Pure. */
import { z } from 'zod';
import type { PipelineView } from '../../contract/job-api-stage.ts';
import type { PipelineRow } from '../../contract/pipeline-row.ts';

/** Of the item as it was last applied or tried. */
export const ShownItem = z.object({
  consumer: z.enum(['plain', 'sluice']).optional(),
  concurrency: z.number().optional(),
  ratePerSecond: z.number().optional(),
  paused: z.boolean().optional(),
  queue: z.object({ fifo: z.boolean().optional() }).optional(),
});
export type ShownItem = z.output<typeof ShownItem>;

export const shownItem = ({ effective }: PipelineRow): ShownItem => ShownItem.safeParse(effective ?? {}).data ?? {};

export function pipelineView(row: PipelineRow, nowMs: number): PipelineView {
  const { queue, ...item } = shownItem(row);
  const { queueUrl, deadLetterQueueUrl, functionName } = row.resources;
  const cools = row.limited !== undefined && row.limited.untilMs > nowMs;
  return defined({
    taskGroup: row.taskGroup,
    phase: row.phase,
    message: row.message,
    problems: row.problems,
    warnings: row.warnings,
    ...item,
    fifo: queue?.fifo,
    queueUrl,
    deadLetterQueueUrl,
    functionName,
    codeKey: row.codeKey,
    release: row.release,
    reserved: row.reserved,
    coolingUntil: cools ? row.limited?.until : undefined,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    appliedAt: row.appliedAt,
  });
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};
const defined = <T extends object>(fields: T): Defined<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
