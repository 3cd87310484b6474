import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Control } from './control.ts';

test('Control: while the server starts only stop and ready are answered, ready with the end of the start', async () => {
  const control = new Control();
  await assert.rejects(control.run('status', {}), /the server is starting; try again in a moment/);
  const ready = control.run('ready', {});
  control.started('the port is taken');
  assert.deepEqual(await ready, { gaveUp: 'the port is taken' });
  assert.deepEqual(await control.run('ready', {}), { gaveUp: 'the port is taken' });
  await control.run('stop', {});
  await control.stopRequested;
});
