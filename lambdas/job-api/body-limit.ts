/** How large a body may be, and where larger ones belong. */
import { largestBodyBytes } from '../contract/job-api.ts';
import type { BodyLimit } from '../framework/http/json-body.ts';

export const bodyLimit: BodyLimit = {
  bytes: largestBodyBytes,
  instead: 'put the tasks into a file, a JSON object a line: POST /uploads gives a place for it, and "file": {"upload": …} names it',
};

export const resultBodyLimit: BodyLimit = {
  bytes: largestBodyBytes,
  instead: 'put a large result somewhere yourself, and send where it is',
};
/** Of what nobody means to be so large. */
export const smallBodyLimit: BodyLimit = { bytes: largestBodyBytes, instead: 'send it in parts' };
