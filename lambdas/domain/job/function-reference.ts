/** Lambda functions as people name them, by name or ARN, made comparable. Pure. */
import type { Stage } from '../../contract/stage.ts';

type Place = Pick<Stage, 'partition' | 'region' | 'accountId'>;

/** A name alone is of the stage's own account and region. */
function fullReference(reference: string, { partition, region, accountId }: Place): string {
  return reference.startsWith('arn:') ? reference : `arn:${partition}:lambda:${region}:${accountId}:function:${reference}`;
}

/** As the stage lists it, so that one function has one name, however jobs write it; undefined where it does not. */
export function listedFunction(reference: string, listed: readonly string[], place: Place): string | undefined {
  const wanted = fullReference(reference, place);
  return listed.find((entry) => fullReference(entry, place) === wanted);
}
