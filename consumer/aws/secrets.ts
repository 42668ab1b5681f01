/** Secrets where the config item says they are. The clients come with the first secret of their kind. */
import { ConfigurationError } from '../errors.ts';
import type { Secrets } from '../ports.ts';

export function secrets(): Secrets {
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

async function readParameter(Name: string): Promise<string> {
  const { GetParameterCommand, SSMClient } = await import('@aws-sdk/client-ssm');
  const { Parameter } = await new SSMClient({ maxAttempts: 5 }).send(new GetParameterCommand({ Name, WithDecryption: true }));
  return present(Parameter?.Value, `parameter ${Name}`);
}

async function readSecret(SecretId: string): Promise<string> {
  const { GetSecretValueCommand, SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
  const { SecretString } = await new SecretsManagerClient({ maxAttempts: 5 }).send(new GetSecretValueCommand({ SecretId }));
  return present(SecretString, `secret ${SecretId}`);
}

function present(value: string | undefined, what: string): string {
  if (value === undefined) throw new ConfigurationError(`${what} holds no text`);
  return value;
}
