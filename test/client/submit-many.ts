/** A process that submits so many tasks of a kilobyte each from a generator, and prints the most memory it took, in KiB. */
import { createClient } from '../../client/index.ts';
import { credentials } from './credentials.ts';

const [apiUrl = '', count = ''] = process.argv.slice(2);

function* tasks() {
  for (let n = 0; n < Number(count); n += 1) yield { id: `t${n}`, body: { n, text: `${n}`.repeat(200).slice(0, 1_000) } };
}

await createClient({ apiUrl, region: 'eu-central-1', credentials }).submit({ taskGroup: 'A', tasks: tasks() });
process.stdout.write(String(process.resourceUsage().maxRSS));
