/** Asks a stage's own validator about one job. One try, with a time of its own: whoever asks decides about the next. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { problemsOf } from '../../contract/problems.ts';
import { ValidatorAnswer, type ValidatorRequest } from '../../contract/validator.ts';
import { named } from '../errors.ts';

export type ValidatorLambda = Pick<LambdaClient, 'send'>;

/** What a validator may take. */
export const validatorSeconds = 60;

export const validatorLambda = (): ValidatorLambda =>
  new LambdaClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 2_000, requestTimeout: validatorSeconds * 1_000, throwOnRequestTimeout: true },
  });

/** @throws Error where it does not answer as it must, and in time. */
export function validatorFunction(lambda: ValidatorLambda, FunctionName: string) {
  return async (request: ValidatorRequest): Promise<ValidatorAnswer> => {
    const Payload = Buffer.from(JSON.stringify(request));
    const answered = await named('Invoke', FunctionName, () =>
      lambda.send(new InvokeCommand({ FunctionName, InvocationType: 'RequestResponse', Payload })),
    );
    const text = answered.Payload === undefined ? '' : Buffer.from(answered.Payload).toString();
    if (answered.FunctionError !== undefined) throw new Error(`${FunctionName}: ${answered.FunctionError} ${text.slice(0, 300)}`);
    const answer = ValidatorAnswer.safeParse(json(text));
    if (answer.success) return answer.data;
    throw new Error(
      `${FunctionName} answered something else than {"ok": …, "findings": […]}: ${problemsOf(answer.error, json(text)).join('; ')}`,
    );
  };
}
export type ValidatorFunction = ReturnType<typeof validatorFunction>;

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
