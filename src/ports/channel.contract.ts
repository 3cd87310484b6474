import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ChannelClosed, ChannelTimeout, type Channel, type ClientTls } from './channel.ts';

/** Two ends of one connection; disposing them ends it. */
export interface OpenedChannels extends AsyncDisposable {
  readonly server: Channel;
  readonly client: Channel;
  /** Lets the time of the read that waits run out, where time does not pass by itself. */
  readonly expire?: (channel: Channel) => void;
  /** TLS that both ends can agree on; without it `startTls` is not tried. */
  readonly tls?: ClientTls;
}

const text = new TextEncoder();
const untext = new TextDecoder();
const longMs = 5000;

/** Tests what every `Channel` must do; `name` begins the titles. */
export function channelContract(name: string, open: () => Promise<OpenedChannels>): void {
  test(`${name}: whoever writes hears when the bytes may be changed`, async () => {
    await using both = await open();
    const bytes = text.encode('a'.repeat(100_000));
    const sent = Promise.withResolvers<void>();
    const heard = hear(both.client, 200_000);
    await both.server.write(bytes, longMs, sent.resolve);
    await sent.promise;
    bytes.fill(98);
    await both.server.write(bytes);
    assert.equal(await heard, `${'a'.repeat(100_000)}${'b'.repeat(100_000)}`);
  });

  test(`${name}: bytes go both ways, and an end is told after them`, async () => {
    await using both = await open();
    await both.client.write(text.encode('EHLO\r\n'));
    assert.equal(await hear(both.server, 6), 'EHLO\r\n');
    await both.server.write(text.encode('250 ok\r\n'));
    assert.equal(await hear(both.client, 8), '250 ok\r\n');
    await both.server.write(text.encode('221 bye\r\n'));
    const closed = Promise.all([both.server.close(), both.server.close()]);
    assert.equal(await hear(both.client, 9), '221 bye\r\n');
    assert.equal(await both.client.read(longMs), null);
    assert.equal(await both.client.read(longMs), null);
    await both.client.close();
    await closed;
    await both.client.close();
    await assert.rejects(async () => both.client.write(text.encode('x')), ChannelClosed);
  });

  test(`${name}: many small writes arrive whole and in order`, async () => {
    await using both = await open();
    let want = '';
    for (let i = 0; i < 2000; i += 1) {
      want += `* ${i} FETCH\r\n`;
      void both.server.write(text.encode(`* ${i} FETCH\r\n`));
      if (i % 100 === 0) await both.server.write(new Uint8Array(0));
    }
    assert.equal(await hear(both.client, want.length), want);
  });

  test(`${name}: a silent peer is a timeout, and the channel lives on`, async () => {
    await using both = await open();
    const readInVain = async (): Promise<void> => {
      const reading = assert.rejects(both.server.read(5), ChannelTimeout);
      both.expire?.(both.server);
      await reading;
    };
    await readInVain();
    const long = both.server.read(longMs);
    await both.client.write(text.encode('x'));
    assert.equal(untext.decode((await long) ?? undefined), 'x');
    await readInVain();
  });

  test(`${name}: startTls secures both ends, and bytes go on`, async () => {
    await using both = await open();
    if (both.tls === undefined) return;
    assert.deepEqual([both.server.tls, both.client.tls], [null, null]);
    const [ofServer, ofClient] = await Promise.all([both.server.startTls(), both.client.startTls(both.tls)]);
    assert.match(ofServer.protocol, /^TLSv1\.[23]$/);
    assert.deepEqual([both.server.tls, both.client.tls], [ofServer, ofClient]);
    assert.equal(ofServer.serverName, both.tls.serverName);
    assert.deepEqual(ofServer.exporter, ofClient.exporter, 'channel bindings are those of one session');
    await both.client.write(text.encode('EHLO again\r\n'));
    assert.equal(await hear(both.server, 12), 'EHLO again\r\n');
  });

  test(`${name}: startTls rejects once the connection is gone`, async () => {
    await using both = await open();
    both.client.destroy();
    await assert.rejects(both.client.startTls({ serverName: 'mx.example', verify: 'report' }), ChannelClosed);
  });

  test(`${name}: destroy tells whoever waits, now and later`, async () => {
    await using both = await open();
    const reading = assert.rejects(both.server.read(longMs), ChannelClosed);
    both.server.destroy();
    await reading;
    await assert.rejects(both.server.read(5), ChannelClosed);
    await assert.rejects(async () => both.server.write(text.encode('x')), ChannelClosed);
    await both.server.close();
  });
}

async function hear(channel: Channel, count: number): Promise<string> {
  let heard = '';
  while (heard.length < count) {
    const bytes = await channel.read(longMs);
    if (bytes === null) break;
    heard += untext.decode(bytes);
  }
  return heard;
}
