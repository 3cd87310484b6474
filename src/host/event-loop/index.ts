/** The `EventLoop` port on Node's loop. Tests that count work use the fake one of `#testing/fake-loop`. */
export { systemLoop } from './system-loop.ts';
