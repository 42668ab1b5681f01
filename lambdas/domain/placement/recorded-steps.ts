/** Which recorded steps of a placed job go when it is to be tried again from one of them. Pure. */

export interface RecordedStep {
  name: string;
  recordedAtMs: number;
}

/**
 * `from` and those after it: in the order the job named them, else in that of their recording. Undefined where `from` is
 * neither named nor recorded.
 */
export function stepsFrom(recorded: readonly RecordedStep[], named: readonly string[] | undefined, from: string): string[] | undefined {
  const place = named?.indexOf(from) ?? -1;
  const own = recorded.find(({ name }) => name === from);
  if (place < 0 && own === undefined) return undefined;
  const later = new Set(place < 0 ? [] : named?.slice(place));
  const isNamed = (name: string) => place >= 0 && named?.includes(name) === true;
  // A step the job did not name goes by time: not before the first of those that go.
  const sinceMs = own?.recordedAtMs ?? Math.min(...recorded.filter(({ name }) => later.has(name)).map((step) => step.recordedAtMs));
  return recorded.filter(({ name, recordedAtMs }) => (isNamed(name) ? later.has(name) : recordedAtMs >= sinceMs)).map(({ name }) => name);
}
