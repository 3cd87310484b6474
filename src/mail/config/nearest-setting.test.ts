import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearestSetting } from './nearest-setting.ts';

const known = ['hostname', 'postmaster', 'maxMessageBytes', 'tls', 'imap', 'imaps'];

for (const [word, want] of [
  ['hostnam', 'hostname'],
  ['hsotname', 'hostname'],
  ['Hostname', 'hostname'],
  ['maxmessagebyte', 'maxMessageBytes'],
  ['postmeister', 'postmaster'],
  ['postminister', null],
  ['imap4', 'imap'],
  ['tsl', 'tls'],
  ['t', null],
  ['', null],
  ['xyz', null],
  ['h'.repeat(1000), null],
] as const)
  test(`nearestSetting: ${word.slice(0, 20)}`, () => {
    assert.equal(nearestSetting(word, known), want);
  });
