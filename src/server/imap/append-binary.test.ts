import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBody } from '#lib/mime';
import { ContentMemory, contentLimits } from '#mail/content';
import { No, type AppendHead } from '#proto/imap-server';
import { tempStore } from '#testing/temp-store';
import { AccountGlue } from './account-glue.ts';

const contentMemory = new ContentMemory(contentLimits.appendBytes);
const everything = { envelope: true, body: true, bodyStructure: true, numbers: true, sentDate: true, structure: true };

test('AccountGlue: what is appended with NUL is stored encoded, and size, structure and bytes agree', async () => {
  await using store = await tempStore();
  const { account, bus, clock } = store;
  const text = 'Content-Type: application/x\r\nContent-Transfer-Encoding: binary\r\n\r\na\0b';
  for (const [quotaBytes, fits] of [
    [200, true],
    [text.length + 5, false],
  ] as const) {
    const glue = new AccountGlue({
      account,
      bus,
      clock,
      contentMemory,
      appendLimitBytes: 10_000,
      quotaBytes,
      storedBy: '{}',
    });
    const head: AppendHead = { flagBits: 0, keywords: [], internalDateMs: null, sizeBytes: text.length };
    const append = async (): Promise<void> => {
      await using batch = await glue.append(fits ? 'INBOX' : 'Archive');
      const sink = await batch.message(head);
      await sink.write(new TextEncoder().encode(text));
      await sink.finish();
      await batch.commit();
    };
    if (!fits) {
      await assert.rejects(append(), (error) => error instanceof No && error.code === 'OVERQUOTA');
      continue;
    }
    await append();
    await using inbox = await glue.select('INBOX', true);
    const uids = Uint32Array.of(1);
    const [[row], [content]] = [await inbox.rows(uids, everything), await inbox.contents(uids, 'all')];
    assert.ok(row && row !== 'large' && content);
    const want =
      'Content-Type: application/x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n';
    assert.equal(Buffer.from(await content.bytes(0, content.sizeBytes)).toString(), want);
    assert.deepEqual([row.sizeBytes, content.sizeBytes, content.hasNul], [want.length, want.length, false]);
    assert.equal(String(row.bodyStructure), '("application" "x" NIL NIL NIL "base64" 6 NIL NIL NIL NIL)');
    const { bodyStart, end, encoding } = row.structure;
    const decoder = decodeBody(encoding);
    const pieces = [decoder.push(await content.bytes(bodyStart, end)), decoder.finish()];
    assert.equal(Buffer.concat(pieces).toString(), 'a\0b');
  }
});

test('AccountGlue: an APPEND of many messages asks for a pause after each is read, and after each is described', async () => {
  await using store = await tempStore();
  const { account, bus, clock, loop } = store;
  const deps = { account, bus, clock, contentMemory, appendLimitBytes: 10_000, quotaBytes: 0, storedBy: '{}' };
  const bytes = new TextEncoder().encode('Subject: small\r\n\r\nHello\r\n');
  const head: AppendHead = { flagBits: 0, keywords: [], internalDateMs: null, sizeBytes: bytes.length };
  const before = loop.pauses;
  await using batch = await new AccountGlue(deps).append('INBOX');
  for (let n = 0; n < 50; n += 1) {
    const sink = await batch.message(head);
    await sink.write(bytes);
    await sink.finish();
  }
  await batch.commit();
  assert.ok(loop.pauses - before >= 100, String(loop.pauses - before));
});
