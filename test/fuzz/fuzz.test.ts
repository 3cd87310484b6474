import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecTargets } from './codec-targets.ts';
import { conversionTargets } from './conversion-targets.ts';
import { dkimTargets } from './dkim-targets.ts';
import { dnsTargets } from './dns-targets.ts';
import { escaped, fuzz, type Target } from './fuzz.ts';
import { imapTargets } from './imap-targets.ts';
import { localTargets } from './local-targets.ts';
import { messageTargets } from './message-targets.ts';
import { proxyTargets } from './proxy-targets.ts';
import { saslTargets } from './sasl-targets.ts';
import { smtpClientTargets } from './smtp-client-targets.ts';
import { smtpTargets } from './smtp-targets.ts';
import { socksTargets } from './socks-targets.ts';
import { storeTargets } from './store-targets.ts';
import { tlsPolicyTargets } from './tls-policy-targets.ts';

/** Inputs for each target: as many as take about half a second. */
const runs: Readonly<Record<string, number>> = {
  'smtp-session': 100,
  'imap-session': 60,
  'smtp-store': 60,
  'imap-store': 40,
  'imap-parser': 4000,
  mime: 300,
  addresses: 3000,
  dsn: 1500,
  dns: 3000,
  'smtp-client': 2000,
  socks: 8000,
  'sasl-client': 400,
  'dkim-messages': 1000,
  'dkim-records': 3000,
  dane: 1500,
  'mta-sts': 4000,
  tlsrpt: 4000,
  'domain-texts': 2000,
  codecs: 1500,
  'list-patterns': 8000,
  'sendmail-arguments': 8000,
  'sendmail-input': 1000,
  receivers: 300,
  'proxy-header': 8000,
  'forwarded-fields': 4000,
};

const receiving = [
  smtpTargets,
  imapTargets,
  codecTargets,
  messageTargets,
  localTargets,
  storeTargets,
  proxyTargets,
].flat();
const sending = [
  smtpClientTargets,
  conversionTargets,
  saslTargets,
  socksTargets,
  dkimTargets,
  tlsPolicyTargets,
  dnsTargets,
].flat();

for (const target of [...receiving, ...sending]) {
  test(`${target.name}: takes mutated input without harm`, async () => {
    const failure = await fuzz(target, { seed: 1, goesOn: (run) => run < (runs[target.name] ?? 400) });
    if (failure === null) return;
    throw new Error(`seed ${failure.seed}: ${escaped(failure.input)}`, { cause: failure.error });
  });
}

test('fuzz: finds and shrinks what breaks a target', async () => {
  const broken: Target = {
    name: 'broken',
    seeds: [new TextEncoder().encode('some innocent text')],
    dictionary: ['!'],
    maxBytes: 100,
    run: async (input) => assert.ok(!input.includes(33)),
  };
  const failure = await fuzz(broken, { seed: 1, goesOn: (run) => run < 1000 });
  assert.equal(escaped(failure?.input ?? new Uint8Array(0)), "'!'");
});
