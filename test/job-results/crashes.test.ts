/** The function dies at any of its calls, before or after it took effect: the file is the same, and no upload is left behind that goes on. */
import { describe, expect, it } from 'vitest';
import { type AnyTask, expectedLines, putTasks } from './any-job.ts';
import { ResultsWorld, smallSizes } from './results-world.ts';

const ends = ['done', 'failed', 'bad', 'none', 'large'] as const;
const tasks = Array.from(
  { length: 14 },
  (_, i): AnyTask => ({ id: `t${i}`, body: { i }, end: ends[i % 5] ?? 'done', result: 'x'.repeat(i) }),
);
const isOurs = ({ caller }: { caller: string }) => caller.startsWith('job-results');

/** In parts and in several runs, so that every kind of call is there. */
function world(): ResultsWorld {
  const made = new ResultsWorld({ sizes: { ...smallSizes, partBytes: () => 400 }, runMs: 15 });
  putTasks(made.stage, tasks);
  return made;
}

async function callsOfAFile(): Promise<string[]> {
  const made = world();
  await made.written();
  return made.stage.aws.log.calls.filter(isOurs).map(({ operation }) => operation);
}

const operations = await callsOfAFile();

it('is about every kind of call', () => {
  const kinds = ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload', 'PutObject', 'GetObject', 'Query', 'UpdateItem'];
  expect(kinds.filter((kind) => !operations.includes(kind.replace('UpdateItem', 'Update')))).toEqual([]);
});

describe.each(operations.map((operation, i) => ({ operation, nth: i + 1 })))('at call $nth, $operation', ({ nth }) => {
  it.each(['before', 'after'] as const)('dies %s it', async (when) => {
    const made = world();
    made.stage.aws.log.plant({ fits: isOurs, nth, when, effect: 'crash' });
    expect(await made.written()).toEqual(expectedLines(tasks));
  });

  it('is told that it failed', async () => {
    const made = world();
    made.stage.aws.log.plant({ fits: isOurs, nth, when: 'after', effect: new Error('connection reset') });
    expect(await made.written()).toEqual(expectedLines(tasks));
  });
});
