/** Many calls, so many at once. */
export async function inWaves<T, R>(items: readonly T[], atOnce: number, call: (item: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let i = 0; i < items.length; i += atOnce) answers.push(...(await Promise.all(items.slice(i, i + atOnce).map(call))));
  return answers;
}
