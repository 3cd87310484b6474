import { logContract } from '#ports/log.contract';
import { FakeLog, seenBy } from './fake-log.ts';

logContract('FakeLog', () => {
  const log = new FakeLog();
  return { log, seen: () => seenBy(log) };
});
