/** A caller's task as JSON, or an error that says which one has none. Pure. */
import { SluiceClientError } from './errors.ts';

export function jsonOf(task: unknown, n: number): string {
  try {
    const text: string | undefined = JSON.stringify(task);
    if (text !== undefined) return text;
  } catch (error) {
    throw new SluiceClientError(`Task ${n} has no form as JSON: ${error instanceof Error ? error.message : String(error)}.`, {
      cause: error,
    });
  }
  throw new SluiceClientError(`Task ${n} has no form as JSON: it is ${typeof task}.`);
}
