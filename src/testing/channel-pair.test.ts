import { channelContract } from '#ports/channel.contract';
import { channelPair, FakeChannel } from './channel-pair.ts';

for (const [name, byteAtATime] of [
  ['FakeChannel', false],
  ['FakeChannel, one byte at a time', true],
] as const) {
  channelContract(name, async () => {
    const pair = channelPair({ byteAtATime });
    return {
      ...pair,
      tls: { serverName: 'mx.example', verify: 'report' },
      expire: (channel) => {
        if (channel instanceof FakeChannel) channel.timeout();
      },
      async [Symbol.asyncDispose]() {
        pair.client.destroy();
        pair.server.destroy();
      },
    };
  });
}
