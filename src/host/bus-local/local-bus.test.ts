import { busContract } from '#ports/bus.contract';
import { FakeLog } from '#testing/fake-log';
import { localBus } from './index.ts';

busContract(
  'localBus',
  () => localBus({ log: new FakeLog() }),
  () =>
    new Promise((resolve) => {
      setImmediate(() => setImmediate(resolve));
    }),
);
