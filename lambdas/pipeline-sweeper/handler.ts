/** Schedule → a hint for every task group, whatever was lost: stream records, events, hints, or resources by hand. */
import { coldStart } from '../aws/cold-start.ts';
import { createSweeper } from './sweep.ts';

const sweep = createSweeper(coldStart('pipeline-sweeper'));

export const handler = (): Promise<unknown> => sweep();
