import { Secret } from '#lib/secret';
import { SocksClient } from '#lib/socks';
import { latin1 } from './corpus.ts';
import { must, type Target } from './fuzz.ts';
import { chunked } from './mutate.ts';

const password = 'correct horse';

/** Answers of a proxy: the target is on the line after a reply that says so, at the same octet whatever the chunks. */
const socks: Target = {
  name: 'socks',
  seeds: [
    '\x05\0\x05\0\0\x01\xc0\0\x02\x01\x04\x38220 mx\r\n',
    '\x05\x02\x01\0\x05\0\0\x03\x0aproxy.test\x04\x38220 mx\r\n',
    '\x05\0\x05\0\0\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\x19220 mx\r\n',
    '\x05\xff',
    '\x05\x02\x01\x01',
    '\x05\0\x05\x05\0\x01\0\0\0\0\0\0',
    'HTTP/1.1 400 Bad Request\r\n\r\n',
  ].map(latin1),
  dictionary: [
    '\x05\0',
    '\x05\x02',
    '\x01\0',
    '\x05\0\0\x01',
    '\x05\0\0\x03\xff',
    '\x05\0\0\x03\0',
    '\x05\0\0\x04',
    '\x05\x08',
    '\0\0',
  ],
  maxBytes: 1000,
  async run(input, random) {
    const credentials = random() < 0.5 ? { user: 'u', password: new Secret(password) } : undefined;
    const target = { target: { host: 'mx.example.org', port: 25 }, ...(credentials !== undefined && { credentials }) };
    const octets = Array.from(input, (octet) => Uint8Array.of(octet));
    const [whole, parts] = [
      talked(new SocksClient(target), octets),
      talked(new SocksClient(target), chunked(input, random)),
    ];
    must(parts.connectedAt === null || parts.connectedAt === whole.connectedAt, 'chunks make a difference');
    // Who speaks out of turn in one chunk is refused; nothing else differs.
    must(
      whole.connectedAt === parts.connectedAt || parts.reason === 'it speaks out of turn',
      `refused: ${parts.reason}`,
    );
    must(!whole.sent.includes(password) || input[1] === 2, 'the password was shown to who did not ask for it');
    if (whole.connectedAt !== null) must(input[0] === 5 && whole.connectedAt >= 9, 'connected too soon');
  },
};

function talked(
  client: SocksClient,
  chunks: readonly Uint8Array[],
): { readonly connectedAt: number | null; readonly sent: string; readonly reason: string } {
  let [at, sent] = [0, ''];
  for (const chunk of chunks) {
    const step = client.push(chunk);
    at += chunk.length;
    if (step.kind === 'send') sent += new TextDecoder('latin1').decode(step.bytes);
    if (step.kind !== 'connected' && step.kind !== 'failed') continue;
    must(client.push(chunk).kind === 'failed', 'it goes on after its end');
    return {
      connectedAt: step.kind === 'connected' ? at - step.rest.length : null,
      sent,
      reason: step.kind === 'failed' ? step.reason : '',
    };
  }
  const end = client.end();
  must(end.kind === 'failed', 'connected at the end of the connection');
  return { connectedAt: null, sent, reason: end.reason };
}

/** Targets for hosts between us and other servers. */
export const socksTargets: readonly Target[] = [socks];
