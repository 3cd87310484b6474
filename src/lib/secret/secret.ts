const shown = '[secret]';

/** A text that must not be shown. Every conversion to text except `reveal` gives `[secret]`. */
export class Secret {
  readonly #value: string;

  /** Wraps a text, or bytes that are read as UTF-8. */
  constructor(value: string | Uint8Array) {
    this.#value = typeof value === 'string' ? value : new TextDecoder('utf-8', { ignoreBOM: true }).decode(value);
  }

  /** Returns the text itself. Call it where the text is used, and do not store the result. */
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
