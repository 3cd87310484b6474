import type { LineClient } from '../line-client.ts';
import { messageText, type Below, type Sessions } from './writer.ts';

const mailboxes = ['Shared', 'Shared/a', 'Shared/b'] as const;

/** Sends a random command about messages and mailboxes that other clients change at the same time; being refused is a normal answer. */
export async function sharedStep({ imap, jmap }: Sessions, below: Below, number: string): Promise<void> {
  const mailbox = mailboxes[below(mailboxes.length)] ?? '';
  const target = mailboxes[below(mailboxes.length)] ?? '';
  const flag = ['\\Seen', '\\Flagged', '\\Deleted', 'work'][below(4)] ?? '';
  const choice = below(10);
  if (choice < 2) {
    await imap.command(`APPEND ${mailbox}`, messageText(number, 100));
    return;
  }
  if (choice === 2) {
    const others = [`CREATE ${mailbox}`, `DELETE ${mailbox}`, `RENAME ${mailbox} ${target}`];
    await imap.command(others[below(3)] ?? '');
    return;
  }
  if (choice < 7) {
    const { tagged } = await imap.command(`SELECT ${mailbox}`);
    if (!tagged.startsWith('OK')) {
      await imap.command(`CREATE ${mailbox}`);
      return;
    }
    const [uid] = (await imap.search('ALL')).toSorted(() => below(3) - 1);
    if (uid === undefined) return;
    const commands = [
      `UID STORE ${uid} ${below(2) === 0 ? '+' : '-'}FLAGS (${flag})`,
      `UID COPY ${uid} ${target}`,
      `UID MOVE ${uid}:* ${target}`,
      'EXPUNGE',
    ];
    await imap.command(commands[choice - 3] ?? '');
    return;
  }
  const { list } = await jmap.call('Mailbox/get', {});
  const inMailbox = list.find(({ name }) => mailbox.endsWith(name))?.id;
  if (inMailbox === undefined) return;
  const { type, ids } = await jmap.call('Email/query', { filter: { inMailbox } });
  // Another client has deleted the mailbox meanwhile.
  if (type !== undefined) return;
  const id = ids[below(Math.max(ids.length, 1))];
  if (id === undefined) return;
  if (choice === 7) await jmap.call('Email/set', { destroy: [id] });
  else
    await jmap.call('Email/set', {
      update: { [id]: { [`keywords/${below(2) === 0 ? '$seen' : 'work'}`]: below(2) === 0 ? true : null } },
    });
}

/** Delivers a message over SMTP; the connection is after its greeting and EHLO. @returns the line that answers the message. @throws Disconnected. */
export async function deliver(client: LineClient, number: string): Promise<string> {
  client.send('MAIL FROM:<sender@example.org>\r\nRCPT TO:<godwit@localhost>\r\nDATA\r\n');
  for (let lines = 0; lines < 3; lines += 1) await client.line();
  client.send(`${messageText(number, 300)}.\r\n`);
  return await client.line();
}
