import { dialerContract } from '#ports/dialer.contract';
import { TransmitWorld } from './transmit-world.ts';

dialerContract('TransmitWorld', async () => {
  const dialer = new TransmitWorld({ '192.0.2.1': {}, '192.0.2.2': { badCertificate: true } }, () => ({
    transmit: () => Promise.resolve([]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }));
  return {
    dialer,
    greeting: { address: '192.0.2.1', port: 25 },
    secured: { address: '192.0.2.1', port: 465 },
    badlySecured: { address: '192.0.2.2', port: 465 },
    refused: { address: '192.0.2.9', port: 25 },
    [Symbol.asyncDispose]: () => dialer[Symbol.asyncDispose](),
  };
});
