/** The `Clock` port on the machine's clock. Tests use the fake one of `#testing/fake-clock`. */
export { systemClock } from './system-clock.ts';
