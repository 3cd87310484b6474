import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeAddress } from '#lib/address';
import { addressOf } from '#testing/address';
import type { DeliveryOutcome, Transmission, Transmitter } from '#mail/queue';
import { PlannedTransmitter } from './planned-transmitter.ts';

const delivered: DeliveryOutcome = {
  kind: 'delivered',
  reply: { code: 250, enhanced: '2.0.0', text: 'ok' },
  remote: { name: 'us.example', ip: null },
  final: true,
  dsnPassedOn: false,
};

test('PlannedTransmitter: addresses that fail in the queue fail alone, and the others go on', async () => {
  const sent: string[] = [];
  const behind: Transmitter = {
    transmit: ({ recipients }) => {
      sent.push(...recipients.map(({ address }) => writeAddress(address)));
      return Promise.resolve(recipients.map(() => delivered));
    },
  };
  const to = ['queue550@x.example', 'a@x.example', 'queuetimeout@x.example', 'queue451@x.example', 'b@x.example'];
  const transmission = {
    recipients: to.map((address) => ({ address: addressOf(address) })),
  } as unknown as Transmission;
  const outcomes = await new PlannedTransmitter(behind).transmit(transmission);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.kind === 'delivered' ? outcome.kind : `${outcome.kind}: ${outcome.reason}`)),
    [
      'refused: 550 5.0.0 reply 550 asked for by the address',
      'delivered',
      'deferred: timeout asked for by the address',
      'deferred: 451 4.0.0 reply 451 asked for by the address',
      'delivered',
    ],
  );
  assert.deepEqual(sent, ['a@x.example', 'b@x.example']);
});

test('PlannedTransmitter: nothing is sent when every address fails', async () => {
  const behind: Transmitter = { transmit: () => assert.fail('nothing is left to send') };
  const transmission = { recipients: [{ address: addressOf('queue550@x.example') }] } as unknown as Transmission;
  const outcomes = await new PlannedTransmitter(behind).transmit(transmission);
  assert.deepEqual(
    outcomes.map(({ kind }) => kind),
    ['refused'],
  );
});
