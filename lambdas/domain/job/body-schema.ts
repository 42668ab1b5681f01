/** The body of a job that states needs against the JSON Schema of the stage. Pure. */
import { z } from 'zod';
import type { FieldError } from '../../contract/problems.ts';
import { fieldErrors } from '../../contract/problems.ts';
import type { StageSettings } from '../../contract/settings.ts';

/** Every rule that is broken, by field of the request. */
export function bodySchemaProblems(schema: StageSettings['bodySchema'], body: unknown): FieldError[] {
  if (schema === undefined) return [];
  const parsed = z.object({ body: z.fromJSONSchema(schema) }).safeParse({ body });
  return parsed.success ? [] : fieldErrors(parsed.error);
}
