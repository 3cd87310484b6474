/**
 * By hand: `node test/fuzz/main.ts [TARGET…] [--seed N] [--minutes M]`. Without a target it takes turns with all of them; without minutes
 * it goes on until something breaks. What breaks is printed with its seed and written to a file.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { codecTargets } from './codec-targets.ts';
import { conversionTargets } from './conversion-targets.ts';
import { dkimTargets } from './dkim-targets.ts';
import { dnsTargets } from './dns-targets.ts';
import { escaped, fuzz } from './fuzz.ts';
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
const targets = [...receiving, ...sending];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seed: { type: 'string', default: String(Date.now()) }, minutes: { type: 'string', default: 'Infinity' } },
});
const wanted = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (wanted.length === 0) {
  console.error(`no such target; there are ${targets.map(({ name }) => name).join(', ')}`);
  process.exit(1);
}
const endMs = Date.now() + Number(values.minutes) * 60_000;
const broken = new Set<string>();
let seed = Number(values.seed);
console.log(`seed ${seed}: ${wanted.map(({ name }) => name).join(', ')}`);
while (Date.now() < endMs && broken.size < wanted.length) {
  for (const target of wanted) {
    if (broken.has(target.name)) continue;
    const turnEndMs = Math.min(endMs, Date.now() + 10_000);
    let runs = 0;
    const goesOn = (): boolean => (runs += 1) < 100_000 && Date.now() < turnEndMs;
    const failure = await fuzz(target, { seed, goesOn });
    console.log(`${target.name}: ${runs} inputs from seed ${seed}${failure === null ? '' : ', BROKEN'}`);
    if (failure === null) continue;
    broken.add(target.name);
    process.exitCode = 1;
    const file = join(tmpdir(), `godwit-fuzz-${target.name}-${failure.seed}`);
    writeFileSync(file, failure.input);
    console.log(`  --seed ${failure.seed}, input in ${file}:\n  ${escaped(failure.input)}`, failure.error);
  }
  seed += 100_000;
}
