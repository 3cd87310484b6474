import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testing/fake-clock';
import { Admission } from './index.ts';

function admission(clock = new FakeClock()): Admission {
  return new Admission({ clock, trustedNetworks: ['192.0.2.0/24'], ownNetworks: ['127.0.0.0/8', '198.51.100.9'] });
}

/** How many of `count` connections that stay open are let in. */
function admitted(limits: Admission, address: string, count: number): number {
  return Array.from({ length: count }, () => limits.connect('smtp', address)).filter((one) => one.kind === 'admitted')
    .length;
}

for (const [address, want] of [
  ['203.0.113.1', 30],
  ['2001:db8::1', 30],
  ['192.0.2.200', 400],
  ['127.0.0.1', 400],
  ['198.51.100.9', 400],
  ['198.51.100.8', 30],
] as const) {
  test(`Admission: of 400 connections at once from ${address}, ${want} are let in`, () => {
    assert.equal(admitted(admission(), address, 400), want);
  });
}

test('Admission: places come back, other protocols and networks have their own, and the rate has a minute', () => {
  const clock = new FakeClock();
  const limits = admission(clock);
  const first = limits.connect('smtp', '203.0.113.1');
  assert.equal(admitted(limits, '203.0.113.1', 40), 29);
  assert.equal(limits.connect('smtp', '203.0.113.1').kind, 'tooMany');
  assert.equal(limits.connect('imap', '203.0.113.1').kind, 'admitted');
  assert.equal(limits.connect('smtp', '203.0.120.1').kind, 'admitted');
  if (first.kind === 'admitted') first.place[Symbol.dispose]();
  assert.equal(limits.connect('smtp', '203.0.113.1').kind, 'admitted');
  admitted(limits, '203.0.113.1', 300);
  assert.equal(limits.connect('smtp', '203.0.113.1').kind, 'tooFast');
});

test('Admission: ten failed logins a minute, also on this machine; success forgets them; trusted networks are not counted', () => {
  for (const [address, wantFails] of [
    ['203.0.113.1', true],
    ['127.0.0.1', true],
    ['192.0.2.1', false],
  ] as const) {
    const clock = new FakeClock();
    const limits = admission(clock);
    for (let i = 0; i < 9; i += 1) limits.noteLogin(address, false);
    limits.noteLogin(address, true);
    for (let i = 0; i < 9; i += 1) limits.noteLogin(address, false);
    assert.equal(limits.mayLogIn(address), true);
    limits.noteLogin(address, false);
    assert.equal(limits.mayLogIn(address), !wantFails, address);
  }
});
