import { expect, it } from 'vitest';
import { statusTable } from '../../local/stage-commands.ts';

const row = { schemaVersion: 1, resources: {}, attempts: 0, createdAt: '', updatedAt: '' };

it('says what to do while there are no pipelines', () => {
  expect(statusTable([])).toMatch(/No pipelines yet; write a config item/);
});

it('shows each pipeline on a line', () => {
  const rows = [
    {
      ...row,
      taskGroup: 'A',
      phase: 'Active' as const,
      message: 'Runs.',
      reserved: 2,
      release: { codeKey: 'k', version: '123456789', codeSha256: '' },
    },
    { ...row, taskGroup: 'Beta', phase: 'Waiting' as const, message: 'Waits for code.' },
  ];
  expect(statusTable(rows).split('\n')).toEqual([
    'group  phase    reserved  release   message',
    'A      Active   2         12345678  Runs.',
    'Beta   Waiting  -         -         Waits for code.',
  ]);
});
