const line = 'The quick brown fox jumps over the lazy dog, and the godwit flies on without landing.\r\n';
const bodies = new Map<string, Buffer>();

/** A message in the two parts that it is sent in: what is its own, and what it shares with all others of its size. */
export interface MessageParts {
  /** Header fields and the empty line; ASCII. */
  readonly header: string;
  readonly body: Buffer;
}

/** A message of about `sizeBytes`, its own Message-ID and subject, ended by `tail`, from `from`. */
export function message(n: number, sizeBytes: number, tail = '', from = 'sender@bench.test'): Buffer {
  const { header, body } = messageParts(n, sizeBytes, tail, from);
  return Buffer.concat([Buffer.from(header, 'latin1'), body]);
}

/** The same message as `message` makes. */
export function messageParts(n: number, sizeBytes: number, tail = '', from = 'sender@bench.test'): MessageParts {
  const header =
    `From: Sender <${from}>\r\nTo: user@bench.test\r\nSubject: load message ${n}\r\n` +
    `Message-ID: <${process.pid}.${n}@load.bench.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n` +
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  const key = `${sizeBytes} ${tail}`;
  let body = bodies.get(key);
  if (body === undefined) {
    const lines = line.repeat(Math.max(1, Math.floor((sizeBytes - header.length) / line.length)));
    body = Buffer.from(lines + tail, 'latin1');
    bodies.set(key, body);
  }
  return { header, body };
}
