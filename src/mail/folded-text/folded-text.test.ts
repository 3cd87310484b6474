import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '#ports/database';
import { tempStore } from '#testing/temp-store';
import { asciiFolded, foldAscii } from './index.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

for (const [given, want] of [
  [letters, letters.toLowerCase()],
  ['Ann.Example+Tag@EXAMPLE.org', 'ann.example+tag@example.org'],
  ['MÜLLER@Österreich.example', 'mÜller@Österreich.example'],
  // Their lower case is ASCII, or longer than they are.
  ['\u212a@\u0130.example', '\u212a@\u0130.example'],
  ['', ''],
] as const) {
  test(`foldAscii and asciiFolded: ${JSON.stringify(given)}`, async () => {
    assert.equal(foldAscii(given), want);
    await using store = await tempStore();
    const folded = await store.account.db.read((reader) =>
      reader.get<{ text: string }>(sql`SELECT ${asciiFolded(sql`CAST(${given} AS TEXT)`)} AS text`),
    );
    assert.equal(folded?.text, want);
  });
}
