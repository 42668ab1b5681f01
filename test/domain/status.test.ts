/** How one status row becomes the next, and what it says. */
import { describe, expect, it } from 'vitest';
import { PipelineRow } from '../../lambdas/contract/pipeline-row.ts';
import { activeMessage, keptMessage, nextRow, waitingForCodeMessage, without } from '../../lambdas/domain/status.ts';
import { item } from './builders.ts';

const [earlier, later] = ['2026-11-21T00:00:00.000Z', '2026-11-21T00:01:00.000Z'];
const first = nextRow(undefined, 'a', 'Creating', 'in progress', earlier);

describe('a status row', () => {
  it('starts with what every reader needs', () => {
    expect(PipelineRow.parse(first)).toEqual({
      taskGroup: 'a',
      schemaVersion: 1,
      phase: 'Creating',
      message: 'in progress',
      resources: {},
      attempts: 0,
      createdAt: earlier,
      updatedAt: earlier,
    });
  });

  it('keeps what a new phase does not change', () => {
    const active = nextRow(first, 'a', 'Active', 'runs', later, { appliedHash: 'x', resources: { queueUrl: 'q' }, appliedAt: later });
    const updating = nextRow(active, 'a', 'Updating', 'in progress', later);
    expect(updating).toMatchObject({
      phase: 'Updating',
      appliedHash: 'x',
      resources: { queueUrl: 'q' },
      createdAt: earlier,
      appliedAt: later,
    });
  });

  it('ends problems and a drain with their phase, unless they go on', () => {
    const drain = { queueUrl: 'q', startedAtMs: 0, emptyLooks: 1, deadLettersSeen: false, watched: true };
    const invalid = nextRow(first, 'a', 'Invalid', 'wrong', later, { problems: ['x: y'] });
    const draining = nextRow(first, 'a', 'Draining', 'draining', later, { drain });
    expect(nextRow(invalid, 'a', 'Active', 'runs', later)).not.toHaveProperty('problems');
    expect(nextRow(draining, 'a', 'Active', 'runs', later)).not.toHaveProperty('drain');
    expect(nextRow(draining, 'a', 'Draining', 'draining', later, { drain })).toMatchObject({ drain });
  });

  it('has warnings only where there are any', () => {
    const warned = nextRow(first, 'a', 'Active', 'runs', later, { warnings: ['x: y'] });
    expect(warned.warnings).toEqual(['x: y']);
    expect(nextRow(warned, 'a', 'Active', 'runs', later, { warnings: [] })).not.toHaveProperty('warnings');
  });

  it('changes no row it was made from', () => {
    const before = structuredClone(first);
    nextRow(first, 'a', 'Active', 'runs', later, { attempts: 3 });
    expect(without(first, 'attempts')).not.toHaveProperty('attempts');
    expect(first).toEqual(before);
  });
});

describe('what it says', () => {
  it.each([
    [item(), undefined, '5 at once, reserved'],
    [item({ reserve: false }), undefined, '5 at once by its mapping'],
    [
      item({ consumer: 'sluice', ratePerSecond: 2 }),
      { codeKey: 'consumer.zip', version: 'v1' },
      '5 at once, reserved, 2 starts a second; runs consumer.zip v1',
    ],
  ])('of a pipeline that works', (of, release, expected) => expect(activeMessage(of, release)).toBe(expected));

  it('of one that waits for its code', () => {
    expect(waitingForCodeMessage('consumer.zip', undefined, false)).toContain('nothing was uploaded as consumer.zip');
    expect(waitingForCodeMessage('consumer.zip', 'v1', true)).toContain(
      'version v1 of consumer.zip is not in the code bucket; goes on with what it runs',
    );
  });

  it('of what was kept', () => expect(keptMessage(['a-dlq', 'b-dlq'])).toContain('a-dlq, b-dlq'));
});
