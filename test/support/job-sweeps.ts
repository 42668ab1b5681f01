/** Sweeps of jobs more often than the stage's own: what a lost hint was about is found after seconds, not after half a minute. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { aws, invoke } from './groups.ts';
import { stage } from './shared-stage.ts';

const periodMs = 5_000;

/** One that fails is made up for by the next, as on AWS. */
export async function withJobSweeps<T>(work: () => Promise<T>): Promise<T> {
  const { Functions = [] } = await aws.lambda.send(new ListFunctionsCommand({}));
  const found = Functions.find(({ FunctionName = '' }) => FunctionName.startsWith(`${stage.outputs.Prefix}-JobsSweeper`));
  if (found?.FunctionName === undefined) throw new Error('there is no sweeper of jobs');
  const name = found.FunctionName;
  const done = new AbortController();
  const sweeping = (async () => {
    while (!done.signal.aborted) {
      await sleep(periodMs, undefined, { signal: done.signal }).catch(() => {});
      await invoke(name).catch(() => {});
    }
  })();
  try {
    return await work();
  } finally {
    done.abort();
    await sweeping;
  }
}
