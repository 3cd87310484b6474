import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAsync } from './check-async.ts';

for (const [text, want] of [
  ['write(chunk: Uint8Array): Promise<void> | null;', null],
  ['async write(): Promise<string | null> {', null],
  ['bytes(start: number): Uint8Array | Promise<Uint8Array>;', null],
  ['#running: Promise<number> | null = null;', null],
  ['const map = new Map<string, Promise<Map<string, string>>>();', null],
  ['// greet(): void | Promise<void>', null],
  [`refuse('T | Promise<T>');`, null],
  ['if (isOpen || Promise<void>) return;', null],
  ['type Maybe<T> = T | Promise<T>;', /T \| Promise<T> mixes/],
  ['write(chunk: Uint8Array): void | Promise<void>;', /void \| Promise<void> mixes/],
  ['write(chunk: Uint8Array): Promise<void> | void {', /mixes/],
  ['check(): Promise<void> | undefined;', /mixes/],
  ['rows: () => Map<string, number> | Promise<Map<string, number>>;', /mixes/],
  ['write(): PromiseLike<void> | undefined;', /mixes/],
  [`hostOf: (\n  address: string,\n) =>\n  | MailHost\n  | Promise<MailHost>;`, /mixes/],
  ['bytes(): Promise<Uint8Array> | Uint8Array;', /mixes/],
  ['bytes(): Uint8Array | Promise<Uint8Array | null>;', /mixes/],
  ['next(): Promise<number> | null {', /is returned/],
  ['const next = (): Promise<number> | null => null;', /is returned/],
  ['if (given instanceof Promise) await given;', /asks for instanceof/],
] as const) {
  test(`checkAsync: ${JSON.stringify(text)}`, () => {
    const violations = checkAsync([{ path: 'src/mail/a.ts', text }]);
    if (want === null) assert.deepEqual(violations, []);
    else assert.match(violations.join(), want);
  });
}
