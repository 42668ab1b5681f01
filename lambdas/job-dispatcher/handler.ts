/** Hints → jobs started and their tasks sent. Never sends a hint to itself to go on: the message comes back instead. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dispatchColdStart } from './dispatch-services.ts';
import { createDispatcher } from './dispatcher.ts';

const dispatch = createDispatcher(dispatchColdStart());

export const handler = (event: SQSEvent, context: Context): Promise<SQSBatchResponse> =>
  dispatch(event, context.getRemainingTimeInMillis());
