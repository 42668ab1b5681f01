/** How many tasks a request of the stage may carry, asked once. */
import { z } from 'zod';
import { StageConfig } from '../../lambdas/contract/job-api-stage.ts';
import { presets } from '../../lambdas/contract/settings.ts';
import type { Api } from '../api/api.ts';
import { SluiceApiError } from '../errors.ts';

/** Every usual stage takes so many; what is more goes into a file, which is always right. */
const cautious = presets.dev.maxTasksPerRequest;

export function inlineLimit(api: Api): () => Promise<number> {
  let known: Promise<number> | undefined;
  return () => {
    known ??= asked(api).catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  };
}

async function asked(api: Api): Promise<number> {
  try {
    const { settings } = (await api.call('getConfig', StageConfig)).body;
    const setting = settings.find(({ name }) => name === 'maxTasksPerRequest');
    return z.int().safeParse(setting?.value).data ?? cautious;
  } catch (error) {
    // Whoever may submit need not be allowed to read the settings.
    if (error instanceof SluiceApiError && error.status === 403) return cautious;
    throw error;
  }
}
