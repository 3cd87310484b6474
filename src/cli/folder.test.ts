import assert from 'node:assert/strict';
import { test } from 'node:test';
import { configFolder, localserveFolder, systemFolder, type Place } from './folder.ts';

function place(changes: Partial<Place>): Place {
  return { platform: 'linux', environment: {}, home: '/home/ann', exists: () => false, ...changes };
}

for (const [changes, want] of [
  [{}, '/home/ann/.config/godwit-localserve'],
  [{ environment: { XDG_CONFIG_HOME: '/x' } }, '/x/godwit-localserve'],
  [{ platform: 'darwin', home: '/Users/ann' }, '/Users/ann/Library/Application Support/godwit-localserve'],
  [{ platform: 'win32', environment: { LOCALAPPDATA: 'C:\\L' } }, 'C:\\L/godwit-localserve'],
] as const) {
  test(`localserveFolder with ${JSON.stringify(changes)}`, () => {
    // The machine that runs the test joins with its own separator.
    assert.equal(localserveFolder(place(changes)).replaceAll(/[\\/]/g, '/'), want.replaceAll('\\', '/'));
  });
}

for (const [title, given, changes, want] of [
  ['what is given', { config: '/a' }, { environment: { GODWIT_CONFIG: '/b' } }, /^\/a$/],
  ['--dir as well', { dir: '/a' }, {}, /^\/a$/],
  ['the environment', {}, { environment: { GODWIT_CONFIG: '/b' } }, /^\/b$/],
  ['the system’s', {}, { exists: () => true }, /^\/etc\/godwit$/],
  ['localserve’s when only that exists', {}, { exists: (path: string) => path.includes('localserve') }, /localserve$/],
  ['the system’s when there is nothing', {}, {}, /^\/etc\/godwit$/],
] as const) {
  test(`configFolder is ${title}`, { skip: process.platform === 'win32' && 'paths of POSIX' }, () => {
    assert.match(configFolder(given, place(changes)), want);
  });
}

test('systemFolder on Windows is in ProgramData', () => {
  const folder = systemFolder(place({ platform: 'win32', environment: { ProgramData: 'D:\\Data' } }));
  assert.match(folder, /^D:\\Data[\\/]godwit$/);
});
