const line = 'The quick brown fox jumps over the lazy dog, and the godwit flies on without landing.\r\n';
const bodies = new Map<number, string>();

/** A message of about `sizeBytes`, its own Message-ID and subject, ended by `tail`, from `from`. */
export function message(n: number, sizeBytes: number, tail = '', from = 'sender@bench.test'): Buffer {
  const header =
    `From: Sender <${from}>\r\nTo: user@bench.test\r\nSubject: load message ${n}\r\n` +
    `Message-ID: <${process.pid}.${n}@load.bench.test>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n` +
    `MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n`;
  let body = bodies.get(sizeBytes);
  if (body === undefined) {
    body = line.repeat(Math.max(1, Math.floor((sizeBytes - header.length) / line.length)));
    bodies.set(sizeBytes, body);
  }
  return Buffer.from(header + body + tail, 'latin1');
}
