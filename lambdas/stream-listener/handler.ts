/** Config table stream → hints on the changes queue. Looks at keys alone and returns at once: the reconciler reads the item. */
import type { DynamoDBStreamEvent } from 'aws-lambda';
import { coldStart } from '../aws/cold-start.ts';
import { createStreamListener } from './listen.ts';

const listen = createStreamListener(coldStart('stream-listener'));

/** Throws when a hint could not be sent: AWS gives the batch again, and a hint sent twice does no harm. */
export const handler = (event: DynamoDBStreamEvent): Promise<void> => listen(event);
