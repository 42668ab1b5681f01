/** Parses the environment at cold start; a wrong deployment fails there, with every wrong key named. */
import type { z } from 'zod';

export function parseEnvironment<S extends z.ZodType>(schema: S, environment: NodeJS.ProcessEnv = process.env): z.output<S> {
  const parsed = schema.safeParse(environment);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`environment: ${problems.join('; ')}`);
}
