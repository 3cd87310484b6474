import { clockContract } from '#ports/clock.contract';
import { systemClock } from './index.ts';

clockContract('systemClock', () => ({ clock: systemClock, pass: (ms) => systemClock.sleep(ms) }));
