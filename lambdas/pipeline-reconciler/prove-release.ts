/**
 * Proves a release on a function of its own, made as the first pipeline's would be: if AWS refuses the zip or its
 * handler does not load, no pipeline has been touched and no task has met it.
 */

import { uploadedCode } from '../aws/code-bucket.ts';
import { awaitFunction, createFunction, deleteFunction } from '../aws/functions.ts';
import type { PacedLambda } from '../aws/paced-lambda.ts';
import { proveHandlerLoads } from '../aws/proof.ts';
import type { Services } from '../aws/services.ts';
import { proofFunctionName } from '../contract/names.ts';
import type { CodeReference, DesiredPipeline } from '../domain/desired.ts';
import { classifyFailure } from '../domain/failure.ts';

export async function proveRelease(services: Services, lambda: PacedLambda, wish: DesiredPipeline, code: CodeReference): Promise<void> {
  const { clients, clock, stage } = services;
  const name = proofFunctionName(stage.settings.prefix, code.key, code.version);
  if (!(await uploadedCode(clients.s3, stage.codeBucket, code.key, code.version))) throw new CodeMissingError(code);
  await createFunction(lambda.paced, stage, wish, code, name).catch(unlessItExists);
  try {
    await awaitFunction(lambda, clock, name);
    await proveHandlerLoads(lambda.unpaced, name);
  } catch (error) {
    // What only takes longer (a function in a VPC, a throttled call) goes on with the same function next time.
    if (classifyFailure(error).kind !== 'passing') await deleteFunction(lambda.paced, name);
    throw error;
  }
  await deleteFunction(lambda.paced, name);
}

class CodeMissingError extends Error {
  readonly $metadata = { httpStatusCode: 404 };
  constructor(code: CodeReference) {
    super(`version ${code.version} of ${code.key} is no longer in the code bucket`);
    this.name = 'CodeMissing';
  }
}

/** Left over from a try that was cut off: it is of this very version, so it proves as well. */
function unlessItExists(error: unknown): void {
  if (error instanceof Error && error.cause instanceof Error && error.cause.name === 'ResourceConflictException') return;
  throw error;
}
