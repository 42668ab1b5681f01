/** A job's task file: in its order, by chunk, or tasks by their places. */
import type { JobServices } from '../aws/jobs/job-services.ts';
import { taskFile } from '../aws/jobs/task-file.ts';
import { taskFileKey } from '../contract/data-bucket.ts';
import type { ChunkRow, JobRow } from '../contract/job-table.ts';
import type { Located } from '../domain/job/line.ts';

/** Reads of single tasks at once: each may be of a megabyte. */
const placesAtOnce = 20;

export type Place = Pick<Located, 'fromByte' | 'toByte'>;

export function jobFile({ clients, stage, clock }: Pick<JobServices, 'clients' | 'stage' | 'clock'>, { job }: Pick<JobRow, 'job'>) {
  const file = taskFile(clients.s3, stage.dataBucket, clock);
  const key = taskFileKey(job);

  /** In the order of `places`. */
  async function* at(places: readonly Place[]): AsyncGenerator<Located[]> {
    for (let i = 0; i < places.length; i += placesAtOnce)
      yield Promise.all(places.slice(i, i + placesAtOnce).map(({ fromByte, toByte }) => file.at(key, fromByte, toByte)));
  }

  return {
    at,
    blocks: (byte: number, batchSize: number): AsyncIterable<Located[]> => file.blocks(key, { byte, batchSize }),
    ofChunk: ({ ns, fromByte = 0, toByte = 0 }: ChunkRow, batchSize: number): AsyncIterable<Located[]> =>
      ns === undefined ? file.blocks(key, { byte: fromByte, toByte, batchSize }) : at(ns),
  };
}
export type JobFile = ReturnType<typeof jobFile>;
