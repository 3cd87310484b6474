/** The `Log` port over standard error: text for people, JSON lines for collectors. What to log is each caller's business. */
export { streamLog } from './stream-log.ts';
export type { LogLevel, StreamLog } from './stream-log.ts';
