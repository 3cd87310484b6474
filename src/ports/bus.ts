/** Hints between parts of the server, never data: at most once, may be lost, doubled or late (invariant 5). */
export interface Bus {
  /** Wakes the topic's subscribers. Hints of one topic may be merged. Topics: `account:<id>`, `queue`, `config`, `logins`. */
  publish(topic: string): void;
  subscribe(topic: string, onHint: () => void): Disposable;
  /** Called when hints may have been missed: re-read everything. */
  onLost(fn: () => void): Disposable;
}
