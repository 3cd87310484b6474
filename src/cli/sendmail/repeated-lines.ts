/** Passes lines on when they come for the first time, and counts the others: one cause often keeps many messages from going. */
export class RepeatedLines {
  readonly #tell: (line: string) => void;
  readonly #times = new Map<string, number>();

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** Passes on each line of a text that is new. */
  readonly tell = (text: string): void => {
    const lines = text.split('\n');
    const fresh = lines.filter((line) => !this.#times.has(line));
    for (const line of new Set(lines)) this.#times.set(line, (this.#times.get(line) ?? 0) + 1);
    if (fresh.length > 0) this.#tell(fresh.join('\n'));
  };

  /** Passes on how often lines came again. */
  finish(): void {
    for (const [line, times] of this.#times) {
      if (times > 1) this.#tell(`the same for ${times - 1} more: ${line}`);
    }
  }
}
