import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHelloArgument } from './hello-argument.ts';

for (const [given, want] of [
  ['mail.example.org', 'domain mail.example.org'],
  ['my_pc', 'domain my_pc'],
  ['[192.0.2.1]', 'literal [192.0.2.1]'],
  ['[IPv6:2001:db8::1] my name', 'literal [IPv6:2001:db8::1]'],
  ['my pc', 'a space is not allowed in a host name (at 3)'],
  ['a@b.example', '"@" is not allowed in a host name (at 2)'],
  ['http://mail.example/', '":" is not allowed in a host name (at 5)'],
  ['"mail"', '""" is not allowed in a host name (at 1)'],
  ['a\tb', 'a control character is not allowed in a host name (at 2)'],
  ['a\u007fb', 'a control character is not allowed in a host name (at 2)'],
  ['grün.example', 'a name with other letters than those of ASCII is written as A-labels (xn--...)'],
  ['2001:db8::1', 'an IPv6 address is written as [IPv6:2001:db8::1]'],
  ['a..b', 'empty label in domain name (at 3)'],
  [`${'a'.repeat(64)}.example`, 'label longer than 63 octets (at 64)'],
  ['x'.repeat(400), 'domain name longer than 253 octets (at 254)'],
  ['[192.0.2.300]', 'bad IPv4 address (at 2)'],
  ['[IPv6:2001:zz]', 'bad IPv6 address (at 7)'],
  ['[2001:db8::1]', 'an IPv6 address literal begins with IPv6: (at 2)'],
  ['[192.0.2.1', 'address literal must end with ] (at 11)'],
  ['[]', 'bad IPv4 address (at 2)'],
] as const) {
  test(`parseHelloArgument: ${JSON.stringify(given.slice(0, 40))}`, () => {
    const { form, text, reason } = parseHelloArgument(given, {});
    assert.equal(form === 'other' ? reason : `${form} ${text}`, want);
    if (form === 'other') assert.equal(text, given);
  });
}
