/** Two kinds of tests: quick ones, side by side, and those against a local AWS, one file after the other; some of them against one of their own. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const minute = 60_000;

/** `sluice/client` and `sluice/consumer` are our own source here, not a build of it. By alias: a condition would change how the SDK resolves, too. */
const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const fromSource = {
  resolve: {
    alias: [
      { find: /^sluice\/client$/, replacement: source('client/index.ts') },
      { find: /^sluice\/consumer$/, replacement: source('consumer/index.ts') },
      { find: /^sluice\/consumer\/testing$/, replacement: source('consumer/testing.ts') },
    ],
  },
};

/** Against a local AWS of their own, beside the others: they measure no limit in seconds, and take long. */
const beside = ['destroy', 'faults', 'invalid', 'job-fuzz', 'placement-faults'].map((name) => `test/ministack/${name}.test.ts`);

/** One file after the other on a stage that is deployed once. */
const onLocalAws = {
  globalSetup: ['test/support/deploy-shared-stage.ts'],
  // The limits are measured in seconds: many suites at once on a small machine would measure each other.
  fileParallelism: false,
  // Nor do they need the SDK loaded anew for each: what a file leaves in a module of test/support is of no other.
  isolate: false,
  maxConcurrency: 12,
  testTimeout: 5 * minute,
  hookTimeout: 5 * minute,
};

/** By name, but what looks back at a whole suite comes last. */
class WholeSuiteLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => `${moduleId.includes('/whole-suite/') ? 1 : 0} ${moduleId}`;
    return files.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
  }
}

export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: process.env['SLUICE_TEST_RESULTS'] ?? '.sluice/test-results.json' }]],
    sequence: { sequencer: WholeSuiteLast },
    projects: [
      {
        ...fromSource,
        test: {
          name: 'unit',
          // Modules are loaded once for all files of a worker: each would load the SDK and CDK anew.
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: ['test/ministack/**'],
          // Patience only: in CI they share the machine with two local AWS.
          testTimeout: 3 * minute,
          hookTimeout: 3 * minute,
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...fromSource,
        test: {
          ...onLocalAws,
          name: 'ministack',
          include: ['test/ministack/**/*.test.ts'],
          exclude: beside,
          sequence: { groupOrder: 1 },
        },
      },
      { ...fromSource, test: { ...onLocalAws, name: 'ministack-beside', include: beside, sequence: { groupOrder: 2 } } },
    ],
  },
});
