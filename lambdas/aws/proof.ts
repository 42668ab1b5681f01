/** Whether a function's handler loads: one invocation with an empty batch, which a consumer answers without any task. */
import { InvokeCommand, type InvokeCommandOutput } from '@aws-sdk/client-lambda';
import type { Clients } from './clients.ts';
import { named } from './errors.ts';

/** A release whose handler does not load; the message says why in the runtime's words. */
export class HandlerDoesNotLoadError extends Error {
  readonly $metadata = { httpStatusCode: 400 };
  constructor(why: string) {
    super(`its handler does not load: ${why}`);
    this.name = 'HandlerDoesNotLoad';
  }
}

/** What runtimes answer when code or handler cannot be loaded; other errors are the consumer's opinion of an empty batch. */
const loadErrors =
  /^Runtime\.(ImportModuleError|HandlerNotFound|UserCodeSyntaxError|MalformedHandlerName|UserCodeLoadError|ExitError|InvalidEntrypoint|InvalidWorkingDir|NoSuchHandler)|^(Init|Extension)\.|ClassNotFoundException|^SyntaxError$|ERR_MODULE_NOT_FOUND/;
/** The same in the words of the local AWS, MiniStack. */
const localLoadError = /^Worker init failed: /;
/** A consumer on the library answers so where its item does not say that it is: to every batch (consumer/runtime/consumer-settings.ts). */
const refusesItem = /^the environment is not that of a library consumer/;
/** The runtime's own loader on the stack: the module threw while it was loaded. */
const loaderFrames = /_loadUserApp|UserFunction\.js|load_module|_get_handler|importlib|ModuleLoader/;
const initFailed = /INIT_REPORT[^\n]*Status: error|Init Duration[^\n]*Status: error/;

/** Throws {@link HandlerDoesNotLoadError}; a throttled invocation throws as it is. Not paced: Invoke is not control plane. */
export async function proveHandlerLoads(lambda: Clients['lambda'], functionName: string): Promise<void> {
  const answer = await named('Invoke', functionName, () => invokeWithEmptyBatch(lambda, functionName));
  if (answer?.FunctionError === undefined) return;
  const said = parseError(answer.Payload);
  const log = answer.LogResult ? Buffer.from(answer.LogResult, 'base64').toString('utf8') : '';
  if (
    loadErrors.test(said.errorType) ||
    loadErrors.test(said.errorMessage) ||
    localLoadError.test(said.errorMessage) ||
    loaderFrames.test(said.trace) ||
    initFailed.test(log) ||
    (said.errorType === 'ConfigurationError' && refusesItem.test(said.errorMessage))
  ) {
    throw new HandlerDoesNotLoadError(`${said.errorType}: ${said.errorMessage}`.slice(0, 1_000));
  }
}

/** Loading is cut off by Lambda after 10 s; who is still busy after this has loaded, as far as can be told. */
const proofMs = 20_000;

/** Undefined where no answer came in time. The signal bounds all tries together. */
async function invokeWithEmptyBatch(lambda: Clients['lambda'], FunctionName: string): Promise<InvokeCommandOutput | undefined> {
  const Payload = JSON.stringify({ Records: [] });
  const command = new InvokeCommand({ FunctionName, InvocationType: 'RequestResponse', LogType: 'Tail', Payload });
  const abortSignal = AbortSignal.timeout(proofMs);
  try {
    return await lambda.send(command, { abortSignal, requestTimeout: proofMs });
  } catch (error) {
    if (abortSignal.aborted) return undefined;
    throw error;
  }
}

function parseError(payload: Uint8Array | undefined): { errorType: string; errorMessage: string; trace: string } {
  const text = payload ? Buffer.from(payload).toString('utf8') : '';
  const parsed = parseJson(text);
  const field = (name: string) => (typeof parsed[name] === 'string' ? parsed[name] : '');
  const trace = Array.isArray(parsed.trace ?? parsed.stackTrace) ? JSON.stringify(parsed.trace ?? parsed.stackTrace) : '';
  return { errorType: field('errorType') || 'Unknown', errorMessage: field('errorMessage') || text.slice(0, 500), trace };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === 'object' ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
