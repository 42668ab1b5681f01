/** A permit's items in the tasks table: what is read of them is parsed here, and how its state is written. */
import type { UpdateCommandInput } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod/mini';
import { permitLimitAttribute } from '../../lambdas/contract/task-table.ts';
import type { PermitState } from '../../lambdas/domain/task/permit.ts';

const moments = z._default(z.record(z.string(), z.number()), {});

/** Without `limit` the stage has no such permit; nothing else is there before the first holder. */
export const PermitItem = z.object({
  [permitLimitAttribute]: z.optional(z.number()),
  version: z._default(z.number(), 0),
  holders: moments,
  kept: moments,
  line: z._default(z.array(z.object({ id: z.string(), pipeline: z.string(), sentAtMs: z.number(), rankMs: z.number() })), []),
});

/** How to wake a waiter. TTL takes it when the task cannot be on its queue any more. */
export const WaiterItem = z.object({ rankMs: z.number(), queueName: z.string(), receiptHandle: z.string(), wakeableMs: z.number() });
export type WaiterItem = z.infer<typeof WaiterItem>;

/** Writes `next` where version and limit still are what was seen. The limit is others' to write. */
export const stateWrite = (seen: PermitState, next: PermitState) =>
  ({
    UpdateExpression: 'SET #version = :next, holders = :holders, kept = :kept, #line = :line',
    ConditionExpression: `#limit = :limit AND ${seen.version === 0 ? 'attribute_not_exists(#version)' : '#version = :seen'}`,
    ExpressionAttributeNames: { '#version': 'version', '#limit': permitLimitAttribute, '#line': 'line' },
    ExpressionAttributeValues: {
      ':next': next.version,
      ':holders': next.holders,
      ':kept': next.kept,
      ':line': next.line,
      ':limit': seen.limit,
      ...(seen.version === 0 ? {} : { ':seen': seen.version }),
    },
  }) satisfies Partial<UpdateCommandInput>;
