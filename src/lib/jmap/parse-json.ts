import { jsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { JmapLimits } from './limits.ts';
import { RequestProblem, tooMuch } from './problem.ts';

/** Asks whether others wait: null, or a promise that resolves when they were served. */
export type Pause = () => Promise<void> | null;

/** Bytes that are looked at, or parsed, between two questions to the loop: well below a millisecond. */
const pieceBytes = 64 * 1024;

/**
 * Parses JSON, after its size, depth and number of values have been compared with the limits: what follows may recur and copy. Arrays and objects of more than
 * `maxPieceBytes` are parsed in pieces, between which others are served; only a string is never divided. I-JSON: UTF-8, and numbers that fit (RFC 7493 §2).
 * @throws RequestProblem.
 */
export async function parseJson(
  body: Uint8Array,
  limits: JmapLimits,
  pause: Pause = () => null,
  maxPieceBytes: number = pieceBytes,
): Promise<JsonValue> {
  if (body.length > limits.maxSizeRequest) throw tooMuch('maxSizeRequest', limits.maxSizeRequest);
  const large = await measure(body, limits, pause, maxPieceBytes);
  return await new Pieces(body, large, pause, maxPieceBytes).value(0, body.length);
}

const Char = {
  Tab: 9,
  Newline: 10,
  Return: 13,
  Space: 32,
  Quote: 34,
  Comma: 44,
  Backslash: 92,
  OpenArray: 91,
  CloseArray: 93,
  Colon: 58,
  OpenObject: 123,
  CloseObject: 125,
};

/** Counts levels, values and members of objects without looking at what they are. @returns the ends of long arrays and objects by their starts. */
async function measure(
  body: Uint8Array,
  { maxDepth, maxValues, maxMembers }: JmapLimits,
  pause: Pause,
  maxPieceBytes: number,
): Promise<ReadonlyMap<number, number>> {
  const large = new Map<number, number>();
  const starts: number[] = [];
  let values = 1;
  let members = 0;
  let inString = false;
  let next = maxPieceBytes;
  for (let i = 0; i < body.length; i += 1) {
    const c = body[i];
    if (inString) {
      if (c === Char.Backslash) i += 1;
      else if (c === Char.Quote) inString = false;
    } else if (c === Char.Quote) inString = true;
    else if (c === Char.OpenArray || c === Char.OpenObject) {
      starts.push(i);
      values += 1;
      if (starts.length > maxDepth) throw tooMuch('maxDepth', maxDepth);
    } else if (c === Char.CloseArray || c === Char.CloseObject) {
      const start = starts.pop();
      if (start === undefined) throw notJson('a bracket is closed that was not opened');
      if (i - start > maxPieceBytes) large.set(start, i);
    } else if (c === Char.Comma) values += 1;
    else if (c === Char.Colon) members += 1;
    if (values > maxValues) throw tooMuch('maxValues', maxValues);
    if (members > maxMembers) throw tooMuch('maxMembers', maxMembers);
    if (i < next) continue;
    next = i + maxPieceBytes;
    const waiting = pause();
    if (waiting !== null) await waiting;
  }
  if (inString || starts.length > 0) throw notJson('the document has no end');
  return large;
}

/** Parses a document whose long arrays and objects are known. Brackets are balanced, but need not be of the same kind. */
class Pieces {
  readonly #body: Uint8Array;
  readonly #large: ReadonlyMap<number, number>;
  readonly #pause: Pause;
  readonly #maxPieceBytes: number;

  constructor(body: Uint8Array, large: ReadonlyMap<number, number>, pause: Pause, maxPieceBytes: number) {
    this.#body = body;
    this.#large = large;
    this.#pause = pause;
    this.#maxPieceBytes = maxPieceBytes;
  }

  /** Parses the one value between two positions. */
  async value(from: number, to: number): Promise<JsonValue> {
    const start = this.#afterSpace(from, to);
    const end = this.#large.get(start);
    if (end === undefined) return parsed(this.#text(from, to));
    if (this.#afterSpace(end + 1, to) < to) throw notJson('more follows a value');
    return await this.#container(start, end);
  }

  /** Parses a long array or object, from its first bracket to its last. */
  async #container(start: number, end: number): Promise<JsonValue> {
    const isArray = this.#body[start] === Char.OpenArray;
    if (this.#body[end] !== (isArray ? Char.CloseArray : Char.CloseObject)) throw notJson('brackets do not match');
    const items: JsonValue[] = [];
    const members = new Map<string, JsonValue>();
    const take = (text: string): void => {
      if (isArray) for (const item of parsed(`[${text}]`) as readonly JsonValue[]) items.push(item);
      else for (const [name, value] of Object.entries(parsed(`{${text}}`) as JsonObject)) members.set(name, value);
    };
    // What is not parsed yet begins at `begin`; its last comma outside of strings and brackets is at `comma`.
    let begin = start + 1;
    let comma = start;
    for (const at of this.#marks(start, end)) {
      if (this.#body[at] !== Char.Comma) {
        const childEnd = this.#large.get(at) ?? at;
        if (comma >= begin) take(this.#some(begin, comma));
        const before = this.#text(comma + 1, at);
        const child = await this.#container(at, childEnd);
        if (!isArray) members.set(nameOf(before), child);
        else if (before.trim() === '') items.push(child);
        else throw notJson('a value has no comma before it');
        begin = this.#afterSpace(childEnd + 1, end);
        if (begin < end && this.#body[begin] !== Char.Comma) throw notJson('a value has no comma after it');
        comma = begin;
        begin += 1;
      } else if (at > comma) {
        comma = at;
        if (at - begin < this.#maxPieceBytes) continue;
        take(this.#some(begin, at));
        begin = at + 1;
      }
      const waiting = this.#pause();
      if (waiting !== null) await waiting;
    }
    // A long value may have been the last; where nothing was parsed there may be nothing but space.
    const isEmpty = begin === start + 1 && this.#afterSpace(begin, end) === end;
    if (begin <= end && !isEmpty) take(this.#some(begin, end));
    return isArray ? items : jsonObject(members);
  }

  /** Yields the commas of a container that are not within its values, and the starts of its long values. */
  *#marks(start: number, end: number): Generator<number> {
    let depth = 0;
    let inString = false;
    for (let i = start + 1; i < end; i += 1) {
      const c = this.#body[i];
      if (inString) {
        if (c === Char.Backslash) i += 1;
        else if (c === Char.Quote) inString = false;
      } else if (c === Char.Quote) inString = true;
      else if (c === Char.OpenArray || c === Char.OpenObject) {
        const childEnd = depth === 0 ? this.#large.get(i) : undefined;
        if (childEnd === undefined) depth += 1;
        else {
          yield i;
          i = childEnd;
        }
      } else if (c === Char.CloseArray || c === Char.CloseObject) depth -= 1;
      else if (c === Char.Comma && depth === 0) yield i;
    }
  }

  /** Returns the text between two positions, which has a value. */
  #some(from: number, to: number): string {
    if (this.#afterSpace(from, to) >= to) throw notJson('a value is missing');
    return this.#text(from, to);
  }

  #afterSpace(from: number, to: number): number {
    let at = from;
    while (at < to && isSpace(this.#body[at])) at += 1;
    return at;
  }

  #text(from: number, to: number): string {
    try {
      // RFC 7493 §2.1: I-JSON is UTF-8; a byte order mark is none of it (RFC 8259 §8.1).
      return utf8.decode(this.#body.subarray(from, to));
    } catch {
      throw notJson('the request is not in UTF-8');
    }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function isSpace(c: number | undefined): boolean {
  return c === Char.Space || c === Char.Newline || c === Char.Return || c === Char.Tab;
}

/** Parses the name of a member, with its colon. */
function nameOf(text: string): string {
  const [name, ...more] = Object.keys(parsed(`{${text}null}`) as JsonObject);
  if (name === undefined || more.length > 0) throw notJson('a value has no name');
  return name;
}

/** Numbers so large that JavaScript may not have them. */
const largeNumber = /[\d.][eE]\+?0*\d{3}|\d{309}/;

function parsed(text: string): JsonValue {
  let value;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (error) {
    // The message of the parser quotes what the client sent.
    throw notJson(error instanceof Error ? error.message.slice(0, 200) : 'bad JSON');
  }
  if (largeNumber.test(text) && hasInfinity(value)) throw notJson('a number is too large (RFC 7493 §2.2)');
  return value;
}

function hasInfinity(value: JsonValue): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInfinity);
}

function notJson(detail: string): RequestProblem {
  return new RequestProblem('notJSON', detail);
}
