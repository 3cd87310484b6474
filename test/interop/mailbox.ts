import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { ImapFlow } from 'imapflow';
import { account, type ServerUnderTest } from './server-under-test.ts';

const deadlineMs = 15_000;
const pollMs = 25;

/** An imapflow client that is logged in over TLS. */
export async function openImap({ host, ports }: ServerUnderTest): Promise<ImapFlow> {
  const client = new ImapFlow({
    host,
    port: ports.imaps,
    secure: true,
    tls: { rejectUnauthorized: false },
    auth: { user: account.address, pass: account.password },
    logger: false,
  });
  await client.connect();
  return client;
}

/** Runs an action with an imapflow client, and logs out. */
export async function withImap<T>(server: ServerUnderTest, action: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = await openImap(server);
  try {
    return await action(client);
  } finally {
    await client.logout();
  }
}

/** Asks again until there is an answer. @throws Error naming what was waited for when there is none in time. */
export async function eventually<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await pause(pollMs);
  }
}

/** The bytes of the only message with this subject, as soon as it is in the mailbox. */
export function messageBySubject(server: ServerUnderTest, subject: string, mailbox = 'INBOX'): Promise<Buffer> {
  return messageBy(server, { name: 'subject', value: subject }, mailbox);
}

/** The bytes of the only report about a message, found by its References, as soon as it is in the inbox. */
export function reportAbout(server: ServerUnderTest, messageId: string): Promise<Buffer> {
  return messageBy(server, { name: 'references', value: messageId }, 'INBOX');
}

/** The bytes of a message with this text somewhere in it, be it in a part that is no text, as soon as it is in the inbox. */
export function messageWith(server: ServerUnderTest, text: string): Promise<Buffer> {
  return withImap(server, async (client) => {
    await client.mailboxOpen('INBOX');
    return await eventually(`a message with ${text}`, async () => {
      await client.noop();
      const messages = await client.fetchAll('1:*', { source: true });
      return messages.map(({ source }) => source).find((source) => source?.includes(text)) ?? null;
    });
  });
}

interface HeaderField {
  readonly name: string;
  readonly value: string;
}

function messageBy(server: ServerUnderTest, { name, value }: HeaderField, mailbox: string): Promise<Buffer> {
  return withImap(server, async (client) => {
    await client.mailboxOpen(mailbox);
    const uids = await eventually(`a message with ${name} ${value}`, async () => {
      await client.noop();
      const found = await client.search({ header: { [name]: value } }, { uid: true });
      return Array.isArray(found) && found.length > 0 ? found : null;
    });
    assert.equal(uids.length, 1, `${uids.length} messages with ${name} ${value}`);
    const message = await client.fetchOne(String(uids[0]), { source: true }, { uid: true });
    assert.ok(message !== false && message.source !== undefined);
    return message.source;
  });
}

/** Fails unless a stored message ends with exactly what was sent; before it there are only our trace fields. */
export function assertDelivered(stored: Uint8Array, sent: string | Uint8Array): void {
  const wanted = Buffer.from(typeof sent === 'string' ? sent.replaceAll(/\r?\n/g, '\r\n') : sent);
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const added = bytes.subarray(0, Math.max(0, bytes.length - wanted.length));
  const kept = bytes.subarray(added.length);
  if (!kept.equals(wanted)) assert.equal(kept.toString('latin1'), wanted.toString('latin1'));
  assert.match(
    added.toString('latin1'),
    /^(?:(?:Delivered-To|Return-Path|Received|Message-ID|Date): .*\r\n(?:[ \t].*\r\n)*)*$/,
  );
}

/** A subject that no other message of this run has. */
export function freshSubject(words: string): string {
  serial += 1;
  return `${words} no${serial}x`;
}

let serial = 0;
