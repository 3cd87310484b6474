import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saslprep } from '@mongodb-js/saslprep';
import * as fc from 'fast-check';
import { chooseMechanism, prepareLogin, preparePassword } from './index.ts';
import { prepareScramPassword } from './prepare.ts';

for (const [given, want] of [
  ['correct horse', 'correct horse'],
  ['Correct Horse', 'Correct Horse'],
  ['\u1680x', ' x'],
  ['e\u0301', 'é'],
  ['ª', 'ª'],
  ['πßå', 'πßå'],
  ['Jack of \u2666s', 'Jack of ♦s'],
  ['', null],
  ['a\tb', null],
  ['a\u0000', null],
  ['a\u200bb', null],
  ['\ud800', null],
] as const) {
  test(`preparePassword(${JSON.stringify(given)})`, () => assert.equal(preparePassword(given), want));
}

// RFC 4013 §3.
for (const [given, want] of [
  ['I\u00adX', 'IX'],
  ['user', 'user'],
  ['USER', 'USER'],
  ['ª', 'a'],
  ['Ⅸ', 'IX'],
] as const) {
  test(`prepareScramPassword(${JSON.stringify(given)})`, () => assert.equal(prepareScramPassword(given), want));
}

test('prepareScramPassword gives what SASLprep gives, wherever SASLprep accepts', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), (password) => {
      let want: string;
      try {
        want = saslprep(password);
      } catch {
        return;
      }
      if (want !== '') assert.equal(prepareScramPassword(password), want);
    }),
    { seed: 20260110, numRuns: 3000 },
  );
});

test('preparePassword and prepareScramPassword agree for printable ASCII, and preparing is idempotent', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ unit: 'binary' }), (ascii, any) => {
      assert.equal(preparePassword(ascii), ascii);
      assert.equal(prepareScramPassword(ascii), ascii);
      const once = preparePassword(any);
      if (once !== null) assert.equal(preparePassword(once), once);
      const login = prepareLogin(any);
      if (login !== null) assert.equal(prepareLogin(login), login);
    }),
    { seed: 20260111, numRuns: 1000 },
  );
});

for (const [given, want] of [
  ['User@Example.ORG', 'user@example.org'],
  ['u\u0308ser@example.org', 'üser@example.org'],
  ['ｕｓｅｒ', 'user'],
  ['', null],
  ['a b', null],
  ['a\nb', null],
  ['a\u200bb', null],
] as const) {
  test(`prepareLogin(${JSON.stringify(given)})`, () => assert.equal(prepareLogin(given), want));
}

const exporter = { 'tls-exporter': new Uint8Array(32), 'tls-server-end-point': null };
const unbound = { 'tls-exporter': null, 'tls-server-end-point': null };
for (const [offered, allowed, situation, want] of [
  [['PLAIN', 'scram-sha-256', 'SCRAM-SHA-256-PLUS'], null, { tls: true, bindings: exporter }, 'SCRAM-SHA-256-PLUS'],
  [['PLAIN', 'scram-sha-256', 'SCRAM-SHA-256-PLUS'], null, { tls: true, bindings: unbound }, 'SCRAM-SHA-256'],
  [['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256'], null, { tls: true, bindings: exporter }, 'SCRAM-SHA-256'],
  [['PLAIN', 'LOGIN'], null, { tls: true, bindings: null }, 'PLAIN'],
  [['PLAIN', 'LOGIN'], null, { tls: false, bindings: null }, null],
  [['PLAIN', 'CRAM-MD5'], null, { tls: false, bindings: null }, 'CRAM-MD5'],
  [['PLAIN', 'CRAM-MD5'], ['PLAIN'], { tls: true, bindings: null }, 'PLAIN'],
  [['XOAUTH2'], null, { tls: true, bindings: null }, null],
] as const) {
  test(`chooseMechanism(${offered.join()}; tls ${situation.tls}) is ${want}`, () => {
    const all = [
      'EXTERNAL',
      'SCRAM-SHA-256-PLUS',
      'SCRAM-SHA-256',
      'SCRAM-SHA-1-PLUS',
      'CRAM-MD5',
      'PLAIN',
      'LOGIN',
    ] as const;
    assert.equal(chooseMechanism(offered, allowed ?? all, situation), want);
  });
}
