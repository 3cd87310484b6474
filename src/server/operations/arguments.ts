/** A command that cannot be done as asked; `message` is for people. */
export class OperationRefused extends Error {
  override readonly name = 'OperationRefused';
}

/** Checked access to the arguments of one command. */
export class Arguments {
  readonly #values: Readonly<Record<string, unknown>>;

  /**
   * @param known  Names that the command takes.
   * @throws OperationRefused when `args` is not an object or has other names.
   */
  constructor(args: unknown, known: readonly string[]) {
    if (typeof args !== 'object' || args === null || Array.isArray(args)) {
      throw new OperationRefused('arguments must be an object');
    }
    const unknown = Object.keys(args).filter((name) => !known.includes(name));
    if (unknown.length > 0) {
      const taken = known.length === 0 ? 'it takes none' : `it takes ${known.join(', ')}`;
      throw new OperationRefused(`unknown argument ${unknown.join(', ')}; ${taken}`);
    }
    this.#values = args as Readonly<Record<string, unknown>>;
  }

  /** A text that must be there and not be empty. */
  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined || value === '') throw new OperationRefused(`${name} is missing`);
    return value;
  }

  /** A text, undefined when absent. */
  optionalText(name: string): string | undefined {
    const value = this.#values[name];
    if (value === undefined || typeof value === 'string') return value;
    throw new OperationRefused(`${name} must be a text`);
  }

  /** A whole number from `min` to `max`, undefined when absent. */
  optionalNumber(name: string, min: number, max: number): number | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new OperationRefused(`${name} must be a whole number from ${min} to ${max}`);
  }

  /** Yes or no, undefined when absent. */
  optionalFlag(name: string): boolean | undefined {
    const value = this.#values[name];
    if (value === undefined || typeof value === 'boolean') return value;
    throw new OperationRefused(`${name} must be true or false`);
  }

  /** A list whose every entry passes `isEntry`, undefined when absent. `wanted` completes "must be a list of". */
  optionalList<T>(name: string, wanted: string, isEntry: (value: unknown) => value is T): readonly T[] | undefined {
    const value = this.#values[name];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every(isEntry)) return value;
    throw new OperationRefused(`${name} must be a list of ${wanted}`);
  }
}

/** For commands without arguments. @throws OperationRefused when there are some. */
export function refuseArguments(args: unknown): void {
  void new Arguments(args, []);
}
