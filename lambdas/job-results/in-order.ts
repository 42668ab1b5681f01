/** A few things under way at once, their results in order. */

export async function* inOrder<T, R>(items: AsyncIterable<T>, most: number, work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const underWay: Promise<R>[] = [];
  for await (const item of items) {
    const one = work(item);
    // One that fails is heard of when its turn comes.
    one.catch(() => undefined);
    underWay.push(one);
    if (underWay.length >= most) yield* first(underWay);
  }
  while (underWay.length > 0) yield* first(underWay);
}

async function* first<R>(underWay: Promise<R>[]): AsyncGenerator<R> {
  const next = underWay.shift();
  if (next !== undefined) yield await next;
}
