/** How far a job is, on stderr: a bar on a terminal, else a line now and then. */
import { SingleBar } from 'cli-progress';
import { hasEnded, type Job } from '../../lambdas/contract/job.ts';
import { type Stream, withProgress } from '../progress.ts';
import { standing } from './shown.ts';

export type ShowJob = (job: Job) => void;

/** Does the work, which says how the job stands whenever it knows. */
export async function withJobProgress<T>(stream: NodeJS.WriteStream, work: (show: ShowJob) => Promise<T>): Promise<T> {
  if (!stream.isTTY) return withLines(stream, work);
  const bar = new JobBar(stream);
  try {
    return await work((job) => bar.show(job));
  } finally {
    bar.stop();
  }
}

export async function withLines<T>(stream: Stream, work: (show: ShowJob) => Promise<T>): Promise<T> {
  let seen: Job | undefined;
  const text = () => (seen ? standing(seen) : 'looking at the job');
  return withProgress(stream, text, () =>
    work((job) => {
      seen = job;
    }),
  );
}

/** Until a job runs there is nothing to fill a bar with: then a line tells what it waits for. */
const format = '{bar} {percentage}% | {value} of {total} | {failed} failed | {rate} | {left}';
const pendingFormat = '{message}';

class JobBar {
  readonly #stream: NodeJS.WriteStream;
  #bar: SingleBar | undefined;
  #isFilling = false;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(job: Job): void {
    const isFilling = job.status !== 'PENDING' && job.total !== undefined;
    if (!this.#bar || isFilling !== this.#isFilling) this.#start(isFilling, job);
    this.#bar?.setTotal(job.total ?? 0);
    this.#bar?.update(job.processed, payloadOf(job));
    if (hasEnded(job.status)) this.stop();
  }

  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }

  #start(isFilling: boolean, job: Job): void {
    this.stop();
    this.#isFilling = isFilling;
    this.#bar = new SingleBar({
      stream: this.#stream,
      format: isFilling ? format : pendingFormat,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
      hideCursor: true,
      // What stays is the bar of the end; a line of what was waited for goes.
      clearOnComplete: !isFilling,
      linewrap: false,
      gracefulExit: false,
    });
    this.#bar.start(job.total ?? 0, job.processed, payloadOf(job));
  }
}

function payloadOf({ message, failed, ratePerSecond, estimatedEndAt, status }: Job) {
  const leftMs = estimatedEndAt === undefined ? undefined : Date.parse(estimatedEndAt) - Date.now();
  return {
    message: `${status}, ${message}`,
    failed,
    rate: ratePerSecond === undefined ? '-' : `${ratePerSecond}/s`,
    left: hasEnded(status) ? status : leftMs === undefined ? 'running' : `${Math.max(0, Math.ceil(leftMs / 1_000))} s left`,
  };
}
