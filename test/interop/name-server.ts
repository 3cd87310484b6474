import { createSocket } from 'node:dgram';
import { decode, encode, type Answer } from 'dns-packet';

/** Records by lower-case name. */
export type Zone = Readonly<Record<string, readonly Answer[]>>;

/** A name server on loopback. */
export interface NameServer extends AsyncDisposable {
  readonly port: number;
}

const nxdomain = 3;
const authoritative = 0x400;

/** Answers for a few names over UDP; every other name does not exist. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (bytes, from) => {
    const { id = 0, questions = [] } = decode(bytes);
    const [question] = questions;
    const records = zone[question?.name.toLowerCase() ?? ''];
    const answers = (records ?? []).filter(({ type }) => type === question?.type);
    const flags = authoritative | (records === undefined ? nxdomain : 0);
    socket.send(encode({ type: 'response', id, flags, questions, answers }), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}
