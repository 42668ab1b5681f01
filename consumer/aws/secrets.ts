/** Secrets where the config item says they are. The clients come with the first secret of their kind, and stay. */
import { ConfigurationError } from '../errors.ts';
import type { Secrets } from '../ports.ts';
import { clientOptions } from './client-options.ts';

export function secrets(): Secrets {
  const readParameter = keptReader(parameters);
  const readSecret = keptReader(managedSecrets);
  return {
    read(reference) {
      const at = reference.indexOf(':');
      const [kind, name] = [reference.slice(0, at), reference.slice(at + 1)];
      if (kind === 'ssm') return readParameter(name);
      if (kind === 'secretsmanager') return readSecret(name);
      throw new ConfigurationError(`secret reference ${reference}: must begin with ssm: or secretsmanager:`);
    },
  };
}

/** Environments of one group that start together ask for the same secrets: throttled, they try longer than others. */
const options = { ...clientOptions, maxAttempts: 5 };

type Reader = (name: string) => Promise<string>;

function keptReader(load: () => Promise<Reader>): Reader {
  let loaded: Promise<Reader> | undefined;
  return async (name) => {
    loaded ??= load();
    return (await loaded)(name);
  };
}

async function parameters(): Promise<Reader> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const client = new SSMClient(options);
  return async (Name) => {
    const { Parameter } = await client.send(new GetParameterCommand({ Name, WithDecryption: true }));
    return present(Parameter?.Value, `parameter ${Name}`);
  };
}

async function managedSecrets(): Promise<Reader> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const client = new SecretsManagerClient(options);
  return async (SecretId) => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
    return present(SecretString, `secret ${SecretId}`);
  };
}

function present(value: string | undefined, what: string): string {
  if (value === undefined) throw new ConfigurationError(`${what} holds no text`);
  return value;
}
