/** SQS → looks at task groups and releases. The only writer of pipelines, their status and the reservations. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { coldStart } from '../aws/cold-start.ts';
import { createReconciler } from './reconcile.ts';

const reconcile = createReconciler(coldStart('pipeline-reconciler'));

export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  reconcile(event, context.getRemainingTimeInMillis());
