/** Lists that the API hands out page by page, as one. */

export interface Page<T> {
  items: T[];
  next: string | undefined;
}

export async function* everyItem<T>(page: (after: string | undefined) => Promise<Page<T>>): AsyncGenerator<T> {
  let after: string | undefined;
  do {
    const { items, next } = await page(after);
    yield* items;
    after = next;
  } while (after !== undefined);
}
