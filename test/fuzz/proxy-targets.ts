import assert from 'node:assert/strict';
import { parseIp } from '#lib/domain';
import { parseForwarded, parseXForwarded } from '#lib/forwarded';
import { parseProxyHeader } from '#lib/proxy-protocol';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';

const signature = '\r\n\r\n\0\r\nQUIT\n';

/** PROXY headers: what is cut from one that is whole is the beginning of one, and its addresses are canonical. */
const proxyHeader: Target = {
  name: 'proxy-header',
  seeds: [
    'PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nEHLO x\r\n',
    'PROXY TCP6 2001:db8::1 ::ffff:192.0.2.1 1 65535\r\n',
    'PROXY UNKNOWN ffff::ffff 65535\r\n',
    `${signature}\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\xdc\x04\x01\xbb`,
    `${signature}\x21\x21\0\x28${'\x20\x01\x0d\xb8'.repeat(8)}\0\x01\xff\xff\x04\0\x01a`,
    `${signature}\x20\0\0\0`,
  ].map(latin1),
  dictionary: [signature, 'PROXY ', 'TCP4', 'TCP6', 'UNKNOWN', '\r\n', '::', '0', '\x21', '\x20', '\xff\xff'],
  maxBytes: 300,
  async run(input, random) {
    const step = parseProxyHeader(input);
    if (step.kind !== 'header') return;
    must(step.sizeBytes <= input.length, 'longer than what arrived');
    const cut = Math.floor(random() * step.sizeBytes);
    assert.equal(parseProxyHeader(input.subarray(0, cut)).kind, 'more', `cut at ${cut}`);
    assert.deepEqual(parseProxyHeader(input.subarray(0, step.sizeBytes)), step);
    for (const end of step.relayed === null ? [] : [step.relayed.source, step.relayed.destination]) {
      must(Number.isInteger(end.port) && end.port >= 0 && end.port <= 0xffff, 'a port out of range');
      const ip = parseIp(end.address);
      must(ip.ok && ip.value.text === end.address, 'an address that is not canonical');
    }
  },
};

/** Fields of proxies: addresses are canonical, and hosts are such as a URL takes. */
const forwardedFields: Target = {
  name: 'forwarded-fields',
  seeds: [
    'for=192.0.2.60;proto=http;by=203.0.113.43',
    'For="[2001:db8:cafe::17]:4711", for=_hidden;host="a.example:8443"',
    '192.0.2.1, [2001:db8::1]:5000, unknown',
    'https, http',
  ].map(latin1),
  dictionary: ['for=', 'proto=', 'host=', '"', '\\', ';', ',', 'unknown', '_x', '[::1]', ':80', 'https'],
  maxBytes: 400,
  async run(input) {
    const field = new TextDecoder('latin1').decode(input);
    const [first = '', second = null, third = null] = field.split('\n');
    for (const hops of [parseForwarded(field), parseXForwarded(first, second, third)]) {
      for (const { address, host } of hops.ok ? hops.value : []) {
        if (address !== null) {
          const ip = parseIp(address);
          must(ip.ok && ip.value.text === address, 'an address that is not canonical');
        }
        must(host === null || /^[\w.:[\]-]+$/.test(host), 'a host with more than a host');
      }
    }
  },
};

/** Words of proxies about their clients. */
export const proxyTargets: readonly Target[] = [proxyHeader, forwardedFields];
