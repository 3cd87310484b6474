/** The `Bus` port within one process. Hints are delivered in the next turn of the event loop, never inside `publish`. */
export { localBus } from './local-bus.ts';
