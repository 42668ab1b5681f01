/** Overhead per task, beside Powertools in the same run. Measured in a process of its own (overhead-child.ts). */

import { run, tail } from '../../local/run.ts';
import { endProgress, type Line, printLines, progress } from '../report.ts';
import { lambdaEnvironment } from './lambda-environment.ts';
import type { Measured } from './overhead-child.ts';
import { names } from './overhead-variants.ts';
import { median } from './statistics.ts';

const child = new URL('./overhead-child.ts', import.meta.url).pathname;

export async function overhead(rounds: number): Promise<Line[]> {
  progress(`overhead per task: ${rounds} rounds of each variant`);
  const { code, output } = await run(process.execPath, [child, String(rounds)], { environment: lambdaEnvironment });
  endProgress();
  if (code !== 0) throw new Error(`overhead-child.ts failed:\n${tail(output)}`);
  const measured: Measured[] = JSON.parse(output);
  return [10, 1, 100].flatMap((size) => {
    const lines = linesOf(measured.filter((one) => one.size === size));
    printLines(`Overhead per task, batches of ${size}: median, p95, against Powertools, AWS calls`, lines);
    return lines;
  });
}

function linesOf(measured: readonly Measured[]): Line[] {
  const powertools = measured.find(({ name }) => name === names.powertools)?.roundsUs ?? [];
  return measured.map(({ name, medianUs, p95Us, roundsUs, callsPerTask }) => {
    // Round by round: what slows the machine down slows both.
    const ratio = median(roundsUs.map((us, round) => us / (powertools[round] ?? Number.NaN)));
    const calls = Object.entries(callsPerTask).filter(([, perTask]) => perTask > 0.05);
    const told = calls.map(([operation, perTask]) => `${perTask.toFixed(0)} ${operation}`).join(', ');
    const figure = `${us(medianUs)} ${us(p95Us)}   ${ratio.toFixed(2).padStart(6)} ×   ${told}`.trimEnd();
    return name === names.off ? { what: name, figure, target: '< 1.00 ×', met: ratio < 1 } : { what: name, figure };
  });
}

const us = (value: number) => `${value.toFixed(2)} µs`.padStart(11);
