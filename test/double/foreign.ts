/** Resources that bear our names but not our tag: made by hand, and never to be touched. */
import { pipelineNames } from '../../lambdas/contract/names.ts';
import { zipOf } from './aws/s3.ts';
import { type OwnStage, stageNames } from './own-stage.ts';

const withQueue = 'foreign queue';
const withFunction = 'foreign function';

/** Makes them and writes items for both groups; gives a check that says what was changed. */
export function placeForeign(stage: OwnStage): () => string[] {
  const { prefix } = stage.settings;
  const queue = stage.aws.sqs.createQueue(pipelineNames(prefix, withQueue, false).queue, { VisibilityTimeout: '11' }, { by: 'hand' });
  const name = pipelineNames(prefix, withFunction, false).function;
  const code = stage.upload(zipOf('foreign'), 'foreign.zip');
  stage.aws.lambda.placeFunction(name, { bucket: stageNames.bucket, key: code.key }, { by: 'hand' });
  const picture = () =>
    JSON.stringify([queue.attributes, queue.tags, stage.aws.sqs.find(queue.identity.name) === queue, { ...stage.aws.lambda.find(name) }]);
  const before = picture();
  for (const taskGroup of [withQueue, withFunction]) stage.write({ taskGroup, concurrency: 2 });
  return () => (picture() === before ? [] : [`before ${before}`, `after ${picture()}`]);
}
