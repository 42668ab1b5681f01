/** The burst: jobs of all customers, priorities, objectives and places, the same ones at every run. Pure. */
import type { Submission } from '../../client/index.ts';
import { type Priority, priorities } from '../../lambdas/contract/job.ts';
import type { Needs, Objective } from '../../lambdas/contract/placement.ts';
import { customers, type Place, shortName } from './offer.ts';
import type { Work } from './work.ts';

interface Kind {
  kind: string;
  needs: Needs;
  objective?: Objective;
  /** Where most bytes of its inputs are. */
  place?: Place;
}

const kinds: readonly Kind[] = [
  { kind: 'render', needs: { labels: { machine: 'gpu' }, quantities: { cpu: 4, gpu: 1 } } },
  { kind: 'mesh', needs: { quantities: { cpu: 4 } }, objective: 'locality', place: 'west' },
  { kind: 'sweep', needs: { labels: { os: 'linux' }, quantities: { cpu: 6 } }, objective: 'spread' },
  { kind: 'solve', needs: { quantities: { cpu: 3, licences: 1 } } },
  { kind: 'mesh', needs: { quantities: { cpu: 4 } }, objective: 'locality', place: 'east' },
  { kind: 'quote', needs: { quantities: { cpu: 2 } }, objective: 'cost' },
  { kind: 'mesh', needs: { quantities: { cpu: 4 } }, objective: 'locality', place: 'east' },
];

/** Worst first, so that those handed in later have somebody to overtake. */
const order: readonly Priority[] = [...priorities].reverse();

export interface BurstJob {
  /** 1 for the first. */
  n: number;
  customer: string;
  priority: Priority;
  kind: string;
  place: Place | undefined;
  work: Work;
  submission: Submission;
}

export type InputsOf = (place: Place) => Submission['inputs'];

export const burst = (jobs: number, inputsOf: InputsOf): BurstJob[] => Array.from({ length: jobs }, (_, i) => burstJob(i, inputsOf));

function burstJob(i: number, inputsOf: InputsOf): BurstJob {
  const { kind, needs, objective, place } = kinds[i % kinds.length] as Kind;
  const customer = customers[i % customers.length]?.name ?? '';
  const priority = order[Math.floor(i / customers.length) % order.length] as Priority;
  // 1 to 4 seconds, in no order.
  const seconds = 1 + ((i * 7) % 13) / 4;
  // The first that needs a licence, and so goes to the pool whose work runs outside.
  const work: Work = { kind, seconds, failsOnce: i === kinds.findIndex(({ needs: { quantities } }) => quantities?.['licences']) };
  const inputs = place === undefined ? undefined : inputsOf(place);
  return {
    ...{ n: i + 1, customer, priority, kind, place, work },
    submission: {
      ...{ body: work, name: `${kind} ${i + 1} of ${shortName(customer)}`, customer, priority, needs, steps: ['fetch', 'solve'] },
      ...(objective === undefined ? {} : { objective }),
      ...(inputs === undefined ? {} : { inputs }),
    },
  };
}
