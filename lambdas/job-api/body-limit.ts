/** How large a body may be, and where larger ones belong. */
import { largestBodyBytes } from '../contract/job-api.ts';
import type { BodyLimit } from '../framework/http/json-body.ts';

export const bodyLimit: BodyLimit = {
  bytes: largestBodyBytes,
  instead: 'put the tasks into a file, a JSON object a line: POST /uploads gives a place for it, and "file": {"upload": …} names it',
};
