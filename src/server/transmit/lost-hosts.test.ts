import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recipientId } from '#lib/ids';
import type { Hop } from './hops.ts';
import { LostHosts } from './lost-hosts.ts';

const hop = (name: string, address: string): Hop => ({ name, address, port: 25 });
const hops = [hop('a', '1'), hop('a', '2'), hop('b', '3')];
const of = (...ids: number[]) => ({
  recipients: ids.map((id) => ({ id: recipientId(id), address: '', notify: 0, orcpt: null, attempts: 1 })),
});
const order = (list: readonly Hop[]): string => list.map(({ address }) => address).join('');

test('LostHosts.inOrder: the place goes last, after the other addresses of its host, for its recipients alone', () => {
  const lost = new LostHosts();
  assert.equal(order(lost.inOrder(of(1), hops)), '123');
  lost.note(of(1, 2), hop('a', '1'));
  assert.equal(order(lost.inOrder(of(1), hops)), '321');
  assert.equal(order(lost.inOrder(of(3, 2), hops)), '321');
  assert.equal(order(lost.inOrder(of(3), hops)), '123');
  lost.note(of(1), hop('b', '3'));
  assert.equal(order(lost.inOrder(of(1), hops)), '123');
  lost.forget(of(2));
  assert.equal(order(lost.inOrder(of(2), hops)), '123');
});

test('LostHosts: ten thousand recipients are remembered, the last ones', () => {
  const lost = new LostHosts();
  for (let id = 1; id <= 10_001; id += 1) lost.note(of(id), hop('a', '1'));
  assert.equal(order(lost.inOrder(of(1), hops)), '123');
  assert.equal(order(lost.inOrder(of(2), hops)), '321');
});
