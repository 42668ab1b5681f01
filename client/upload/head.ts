/** Looks at the beginning of tasks: do all of them fit into one request? Nothing is lost by looking. */

import { largestBodyBytes } from '../../lambdas/contract/job-api.ts';

/** Room for the rest of a request. */
const inlineBytes = largestBodyBytes - 50_000;

export type Head<T> =
  /** That was all. */
  | { kind: 'all'; items: T[] }
  /** There is more, or it is large: what was read, and the rest behind it. */
  | { kind: 'more'; rest: AsyncGenerator<T> };

/** `limit` is asked for once a second item shows up. */
export async function headOf<T extends string | Uint8Array>(source: AsyncIterable<T>, limit: () => Promise<number>): Promise<Head<T>> {
  const iterator = source[Symbol.asyncIterator]();
  const items: T[] = [];
  let bytes = 0;
  for (let most = 1; bytes <= inlineBytes && items.length <= most; ) {
    const { done, value } = await iterator.next();
    if (done) return { kind: 'all', items };
    items.push(value);
    bytes += typeof value === 'string' ? Buffer.byteLength(value) + 1 : value.length;
    if (items.length === 2) most = await limit();
  }
  return { kind: 'more', rest: continued(items, iterator) };
}

async function* continued<T>(items: T[], iterator: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    for (let item = items.shift(); item !== undefined; item = items.shift()) yield item;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    // As `for await` would: a file or a connection behind it is closed.
    await iterator.return?.();
  }
}
