/** Two kinds of tests: quick ones, side by side, and those against a local AWS, one file after the other. */
import { defineConfig } from 'vitest/config';

const minute = 60_000;

export default defineConfig({
  test: {
    reporters: ['default', ['json', { outputFile: '.sluice/test-results.json' }]],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/ministack/**'],
          testTimeout: 30_000,
          hookTimeout: 3 * minute,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'ministack',
          include: ['test/ministack/**/*.test.ts'],
          globalSetup: ['test/support/deploy-shared-stage.ts'],
          // The limits are measured in seconds: two suites at once on a small machine would measure each other.
          fileParallelism: false,
          testTimeout: 3 * minute,
          hookTimeout: 5 * minute,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
