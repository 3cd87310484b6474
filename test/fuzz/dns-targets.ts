import { classify, decodeMessage } from '#lib/dns';
import type { RecordType } from '#ports/resolver';
import { must, type Target } from './fuzz.ts';

const types: readonly RecordType[] = ['A', 'AAAA', 'CNAME', 'PTR', 'MX', 'TXT', 'SRV', 'TLSA', 'CAA'];

/** Name `example.org` asked for, then records whose owner is a pointer to it (RFC 1035 §4.1.4). */
function response(...records: readonly (readonly [type: number, data: readonly number[]])[]): Uint8Array {
  const name = [7, ...ascii('example'), 3, ...ascii('org'), 0];
  const head = [0x12, 0x34, 0x81, 0xa0, 0, 1, 0, records.length, 0, 0, 0, 0];
  const answers = records.flatMap(([type, data]) => [0xc0, 12, 0, type, 0, 1, 0, 0, 1, 0, 0, data.length, ...data]);
  return Uint8Array.from([...head, ...name, 0, records[0]?.[0] ?? 1, 0, 1, ...answers]);
}

function ascii(text: string): number[] {
  return Array.from(text, (char) => char.charCodeAt(0));
}

/** Answers of name servers, who may be anybody. */
const dns: Target = {
  name: 'dns',
  seeds: [
    response([1, [192, 0, 2, 1]], [1, [192, 0, 2, 2]]),
    response([28, Array.from({ length: 16 }, (_, i) => i)]),
    response([5, [3, ...ascii('www'), 0xc0, 12]], [5, [0xc0, 12]]),
    response([15, [0, 10, 2, ...ascii('mx'), 0xc0, 12]]),
    response([16, [5, ...ascii('v=spf'), 3, ...ascii('-al')]]),
    response([33, [0, 1, 0, 2, 0, 25, 2, ...ascii('mx'), 0xc0, 12]]),
    response([52, [3, 1, 1, ...Array.from({ length: 32 }, () => 7)]]),
    response([1, []]),
    new Uint8Array(12),
  ],
  dictionary: ['\xc0\x0c', '\xc0\x00', '\x3f', '\0\0', '\0\x01\0\x01', '\xff\xff'],
  maxBytes: 4000,
  run(input) {
    const decoded = decodeMessage(input);
    if (!decoded.ok) {
      must(decoded.at >= 0 && decoded.at <= input.length, `refused at ${decoded.at} of ${input.length}`);
      return;
    }
    must(JSON.stringify(decoded.value).length <= 1000 + 400 * input.length, 'names that grow without end');
    for (const type of types) classify(decoded.value, { name: 'example.org', type, isTrusted: true });
  },
};

/** Everything that reads DNS. */
export const dnsTargets: readonly Target[] = [dns];
