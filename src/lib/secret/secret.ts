const shown = '[secret]';

/** A text that must not be shown. Every way of turning it into text gives `[secret]`, but for `reveal`. */
export class Secret {
  readonly #value: string;

  /** Wraps a text, or bytes that are read as UTF-8. */
  constructor(value: string | Uint8Array) {
    this.#value = typeof value === 'string' ? value : new TextDecoder('utf-8', { ignoreBOM: true }).decode(value);
  }

  /** The text itself. Call it where the text is used, and keep the result nowhere. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return shown;
  }

  toJSON(): string {
    return shown;
  }

  /** Hides the secret from `util.inspect`, `console.log` and assertion messages. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return shown;
  }
}
