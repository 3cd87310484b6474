/**
 * The composition root: the one folder that knows everything. `openServices` opens what is on disk (also for commands without a server),
 * `startServer` adds listeners and the queue. Nothing is decided here; things are only put together and taken apart in the right order.
 */
export { configuredPorts, portProblem } from './configured-ports.ts';
export type { StartResult } from './control.ts';
export { openServices, type Services } from './services.ts';
export { startServer, type RunningServer, type ServerAddress } from './server.ts';
