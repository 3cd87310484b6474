import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import type { JsonObject } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';
import { describePeer, needs, succeed } from './programs.ts';

const script = fileURLToPath(new URL('python/email_parts.py', import.meta.url));

/** Names that no reader takes for an encoded word, or for white space to be folded. */
const name = fc
  .array(fc.constantFrom('Ann', 'Zoë', '日本', 'O"Neil', 'a, b', '(x)', 'größer', '🎉', 'x'.repeat(60)), {
    minLength: 1,
    maxLength: 8,
  })
  .map((words) => words.join(' '));
/** Python 3.11 puts a space between two encoded words of a display name, so these have one at most. */
const displayName = fc.constantFrom('Ann', 'Zoë', '日本', 'O"Neil', 'Doe, Jane', 'Ann (x)', 'größer 🎉');
const text = fc
  .array(fc.constantFrom('a line', 'From here', '.', '..', 'trailing ', 'Zwölf', '日本語', '=3D', 'x'.repeat(1200)), {
    maxLength: 8,
  })
  .map((lines) => lines.join('\n'));
const file = fc.record({ name, type: fc.constantFrom('application/pdf', 'image/png'), content: fc.uint8Array() });
const email = fc.record({
  subject: name,
  sender: displayName,
  recipient: displayName,
  text,
  html: text,
  files: fc.array(file, { maxLength: 3 }),
});

describePeer("Python's email reads what Email/set composes", needs('python3'), () => {
  test('subjects, names, texts and files', async () => {
    await using store = await tempStore();
    const client = new JmapClient(store);
    const [drafts] = await store.account.mailboxes.byNames(['Drafts']);
    const download = async (blobId: string): Promise<Uint8Array> => {
      const response = await client.send(`/jmap/download/A${store.account.id}/${blobId}/f`);
      return new Uint8Array(await response.arrayBuffer());
    };
    const upload = async (body: string | Uint8Array<ArrayBuffer>): Promise<string> => {
      const response = await client.send(`/jmap/upload/A${store.account.id}`, { method: 'POST', body });
      return ((await response.json()) as { blobId: string }).blobId;
    };
    const inner = await upload('Subject: inside\r\n\r\nx\r\n');
    const check = fc.asyncProperty(email, async ({ subject, sender, recipient, text: plain, html, files }) => {
      const attachments: JsonObject[] = [{ blobId: inner, type: 'message/rfc822' }];
      for (const { name: fileName, type, content } of files)
        attachments.push({ blobId: await upload(new Uint8Array(content)), type, name: fileName });
      const picture = await upload('GIF');
      attachments.push({ blobId: picture, type: 'image/gif', cid: 'i@x', name: 'ä.gif', disposition: 'inline' });
      const { created } = (await client.call('Email/set', {
        create: {
          k: {
            mailboxIds: { [`M${drafts?.id ?? 0}`]: true },
            subject,
            from: [{ name: sender, email: 'a@example.org' }],
            to: [{ name: recipient, email: 'b@example.org' }, { email: '"a b"@example.org' }],
            sentAt: '2026-01-02T03:04:05+01:00',
            messageId: ['id@example.org'],
            bodyValues: { t: { value: plain }, h: { value: html } },
            textBody: [{ partId: 't' }],
            htmlBody: [{ partId: 'h' }],
            attachments,
          },
        },
      })) as unknown as { created: { k: { blobId: string } } };
      const { stdout } = await succeed('python3', [script], { input: await download(created.k.blobId) });
      const leaf = (
        type: string,
        fileName: string | null,
        cid: string | null,
        disposition: string | null,
      ): JsonObject => ({
        type,
        name: fileName,
        cid,
        disposition,
      });
      const textLeaf = (type: string, value: string): JsonObject => ({
        ...leaf(type, null, null, null),
        text: value.replaceAll('\n', '\r\n'),
        base64: Buffer.from(value.replaceAll('\n', '\r\n')).toString('base64'),
      });
      const alternative = {
        type: 'multipart/alternative',
        parts: [textLeaf('text/plain', plain), textLeaf('text/html', html)],
      };
      const gif = { ...leaf('image/gif', 'ä.gif', '<i@x>', 'inline'), text: null, base64: btoa('GIF') };
      assert.deepEqual(JSON.parse(stdout), {
        subject,
        from: [[sender, 'a@example.org']],
        to: [
          [recipient, 'b@example.org'],
          ['', '"a b"@example.org'],
        ],
        date: '2026-01-02T03:04:05+01:00',
        id: '<id@example.org>',
        root: {
          type: 'multipart/mixed',
          parts: [
            { type: 'multipart/related', parts: [alternative, gif] },
            { type: 'message/rfc822', subject: 'inside' },
            ...files.map(({ name: fileName, type, content }) => ({
              ...leaf(type, fileName, null, 'attachment'),
              text: null,
              base64: Buffer.from(content).toString('base64'),
            })),
          ],
        },
        defects: [],
      });
    });
    await fc.assert(check, { numRuns: 25, seed: 2045 });
  });
});
