/**
 * Writes how many may hold each permit, and nothing else of a permit: who holds it is the consumers' business. Every step
 * may be repeated. A permit that is not in the settings any more is forgotten, one that somebody set by hand is left.
 */
import { permitLimits } from '../aws/permit-limits.ts';
import type { Services } from '../aws/services.ts';
import { answer, CustomResourceRequest } from '../framework/cloudformation.ts';
import { errorFields } from '../framework/log.ts';
import { limitChanges } from './limit-changes.ts';

export function createPermitLimits({ clients, log, stage }: Pick<Services, 'clients' | 'log' | 'stage'>) {
  const limits = permitLimits(clients.documents, stage.tasksTable);
  // The same over all updates: there is nothing that CloudFormation would have to replace.
  const physicalId = `${stage.settings.prefix}-permits`;

  return async (event: unknown): Promise<void> => {
    const request = CustomResourceRequest.parse(event);
    try {
      const { set, forget } = limitChanges(event);
      for (const { name, limit } of set) await limits.set(name, limit);
      for (const name of forget) await limits.forget(name);
      log.info('permits', { set, forget });
    } catch (error) {
      log.error('permits not set', errorFields(error));
      return answer(request, physicalId, 'FAILED', error instanceof Error ? error.message : String(error));
    }
    await answer(request, physicalId, 'SUCCESS');
  };
}
