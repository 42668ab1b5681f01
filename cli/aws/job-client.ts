/** The stage's job API, called as its users call it. */
import type { SluiceClient } from '../../client/client.ts';
import { createClient } from '../../client/create-client.ts';
import type { Stage } from './connect.ts';

export const jobClient = ({ output, caller }: Stage): SluiceClient => createClient({ apiUrl: output('ApiUrl'), ...caller });
