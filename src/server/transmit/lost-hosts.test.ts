import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from '#testing/address';
import { recipientId } from '#lib/ids';
import type { HostAddress } from './host-addresses.ts';
import { LostHosts } from './lost-hosts.ts';

const host = (name: string, address: string): HostAddress => ({ name, address, port: 25 });
const hosts = [host('a', '1'), host('a', '2'), host('b', '3')];
const of = (...ids: number[]) => ({
  recipients: ids.map((id) => ({
    id: recipientId(id),
    address: addressOf('a@far.example'),
    notify: 0,
    orcpt: null,
    attempts: 1,
  })),
});
const order = (list: readonly HostAddress[]): string => list.map(({ address }) => address).join('');

test('LostHosts.inOrder: the place goes last, after the other addresses of its host, for its recipients alone', () => {
  const lost = new LostHosts();
  assert.equal(order(lost.inOrder(of(1), hosts)), '123');
  lost.note(of(1, 2), host('a', '1'));
  assert.equal(order(lost.inOrder(of(1), hosts)), '321');
  assert.equal(order(lost.inOrder(of(3, 2), hosts)), '321');
  assert.equal(order(lost.inOrder(of(3), hosts)), '123');
  lost.note(of(1), host('b', '3'));
  assert.equal(order(lost.inOrder(of(1), hosts)), '123');
  lost.forget(of(2));
  assert.equal(order(lost.inOrder(of(2), hosts)), '123');
});

test('LostHosts: ten thousand recipients are remembered, the last ones', () => {
  const lost = new LostHosts();
  for (let id = 1; id <= 10_001; id += 1) lost.note(of(id), host('a', '1'));
  assert.equal(order(lost.inOrder(of(1), hosts)), '123');
  assert.equal(order(lost.inOrder(of(2), hosts)), '321');
});
