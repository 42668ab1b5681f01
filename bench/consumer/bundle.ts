/** What the library adds to a consumer's bundle beyond the SDK clients it uses. */
import { type Line, printLines } from '../report.ts';
import { minified } from './minified.ts';

const mostKilobytes = 150;

/** The clients, and what they bring along. lib-dynamodb is ours to count: it is no client, and the library's choice. */
const sdk =
  /^node_modules\/(@aws-sdk\/(?!lib-dynamodb\/|util-dynamodb\/)|@smithy\/|@aws-crypto\/|@aws\/|tslib\/|bowser\/|fast-xml-|strnum\/|mnemonist\/|obliterator\/|path-expression-matcher\/|@nodable\/)/;

const parts: [name: string, files: RegExp][] = [
  ['zod/mini', /^node_modules\/zod\//],
  ['lib-dynamodb', /^node_modules\/@aws-sdk\/(lib|util)-dynamodb\//],
  ['ours', /^(consumer|lambdas|bench)\//],
];

export async function bundle(): Promise<Line[]> {
  const { files, bytes } = await minified(new URL('./trivial-consumer.ts', import.meta.url));
  const own = [...bytes].filter(([path]) => !sdk.test(path));
  const total = kilobytes(own.map(([, size]) => size));
  const others = own.filter(([path]) => !parts.some(([, files]) => files.test(path)));
  const lines: Line[] = [
    ...parts.map(([what, files]) => ({ what, figure: told(kilobytes(own.filter(([path]) => files.test(path)).map(([, size]) => size))) })),
    { what: `others${others.map(([path]) => ` ${path}`).join()}`, figure: told(kilobytes(others.map(([, size]) => size))) },
    { what: 'beyond the SDK clients', figure: told(total), target: `≤ ${mostKilobytes} kB`, met: total <= mostKilobytes },
    {
      what: 'the whole bundle, every client the library can load included',
      figure: told(kilobytes([...files.values()].map(({ length }) => length))),
    },
  ];
  printLines('Bundle of a trivial consumer, minified', lines);
  return lines;
}

const kilobytes = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0) / 1_000;
const told = (value: number) => `${value.toFixed(1)} kB`;
