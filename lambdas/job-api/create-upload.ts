/** POST /uploads: a place for a file of tasks. */
import { linkSeconds } from '../aws/jobs/signed-links.ts';
import { uploadKey } from '../contract/data-bucket.ts';
import { largestUploadBytes, NoQuery, type UploadPlace } from '../contract/job-api.ts';
import { isoTime } from '../framework/clock.ts';
import { type Answer, json } from '../framework/http/answer.ts';
import { queryOf } from '../framework/http/query.ts';
import type { Call } from './route.ts';

export async function createUpload({ services, request }: Call): Promise<Answer> {
  queryOf(request, NoQuery);
  const upload = services.newId();
  const place: UploadPlace = {
    upload,
    url: await services.links.put(uploadKey(upload)),
    method: 'PUT',
    headers: {},
    expiresAt: isoTime(services.clock.nowMs() + linkSeconds * 1_000),
    maxBytes: largestUploadBytes,
  };
  return json(201, place);
}
