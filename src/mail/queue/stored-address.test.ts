import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '#testing/address';
import { addressText, domainOf, senderDomainOf, senderText, storedAddress, storedSender } from './stored-address.ts';

for (const [given, text, domain] of [
  ['Ann@Example.ORG', 'Ann@example.org', 'example.org'],
  ['"a b"@example.org', '"a b"@example.org', 'example.org'],
  ['grüße@bücher.example', 'grüße@xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['a@[IPv6:2001:DB8::1]', 'a@[IPv6:2001:db8::1]', '[ipv6:2001:db8::1]'],
] as const) {
  test(`addressText, storedAddress and domainOf of ${given}`, () => {
    const address = addressOf(given);
    assert.equal(addressText(address), text);
    assert.deepEqual(storedAddress(text), address);
    assert.equal(domainOf(address), domain);
    assert.equal(senderDomainOf(senderText(address)), domain);
  });
}

test('senderText and storedSender: the null reverse-path is empty and has no domain', () => {
  assert.equal(senderText(null), '');
  assert.equal(storedSender(''), null);
  assert.equal(senderDomainOf(''), null);
});

test('storedAddress: text that is no address is a bug', () => {
  for (const text of ['', 'a', 'a@', 'a@b c'])
    assert.throws(() => storedAddress(text), /bad address in the queue/, text);
});
