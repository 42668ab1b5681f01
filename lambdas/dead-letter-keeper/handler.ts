/** Schedule → a look through every dead-letter queue that may have something to be done. */
import type { Context } from 'aws-lambda';
import { coldStart } from '../aws/cold-start.ts';
import { createKeeper, type Kept } from './keep.ts';

const keep = createKeeper(coldStart('dead-letter-keeper'));

export const handler = (_event: unknown, context: Context): Promise<Kept> => keep(context.getRemainingTimeInMillis());
