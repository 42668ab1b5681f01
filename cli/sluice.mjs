#!/usr/bin/env node
/**
 * `npx sluice`: runs the built tool in the npm package, and its sources in a checkout, which need a Node that takes types
 * away by itself: ours, where the one that started us does not. Must run on any Node.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const source = new URL('./main.ts', import.meta.url);
const ownNode = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));

if (!existsSync(source)) {
  await import(new URL('../dist/cli/main.js', import.meta.url).href);
} else if (process.features.typescript) {
  await import(source.href);
} else if (existsSync(ownNode)) {
  const child = spawn(ownNode, [fileURLToPath(source), ...process.argv.slice(2)], { stdio: 'inherit' });
  // A terminal's Ctrl-C reaches both: the child tidies up and ends, and this process with it.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => {
    process.exitCode = code ?? 1;
  });
} else {
  process.stderr.write(
    `✖ Node ${process.versions.node} cannot run a checkout of Sluice; run \`npm ci\` in it, which brings one that can.\n`,
  );
  process.exitCode = 1;
}
