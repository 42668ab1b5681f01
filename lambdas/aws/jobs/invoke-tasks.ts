/** Invokes a function asynchronously, once per task. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { accepted, type SendOutcome } from '../../domain/job/send-outcome.ts';
import type { Clients } from '../clients.ts';
import { sendFailure } from './send-failure.ts';

/** `reference`: name or ARN, a version or alias behind it. */
export function invokeFunction(lambda: Clients['lambda'], reference: string) {
  return async ([payload = '']: readonly string[]): Promise<SendOutcome> => {
    try {
      await lambda.send(new InvokeCommand({ FunctionName: reference, InvocationType: 'Event', Payload: Buffer.from(payload) }));
      return { kind: 'answered', entries: [accepted] };
    } catch (error) {
      const failure = sendFailure(error, (name) => faulty.test(name));
      if (failure.kind !== 'faulty') return failure;
      return { kind: 'answered', entries: [{ kind: 'refused', class: 'DATA', message: failure.message }] };
    }
  };
}

/** What Lambda says of a payload it does not take. */
const faulty = /InvalidRequestContent|RequestTooLarge|UnsupportedMediaType/;
