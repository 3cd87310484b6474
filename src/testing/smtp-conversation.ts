import { SmtpSession, type Backend, type SessionOptions } from '#proto/smtp-server';
import { channelPair, type ChannelPairOptions } from './channel-pair.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';
import { FakeLoop } from './fake-loop.ts';

type SessionDeps = ConstructorParameters<typeof SmtpSession>[0];

/** Options of a listener for mail from other servers, without TLS and without extensions that a listener may have. */
export const plainOptions: SessionOptions = {
  kind: 'mx',
  hostname: 'mail.example.org',
  startTls: false,
  authWithoutTls: false,
  mailNeedsTls: false,
  dsn: false,
  futureRelease: false,
  requireTls: false,
  pedantic: false,
};

/** Differences of a conversation from one of fakes over plain channels. */
export interface ConversationSettings extends Partial<Omit<SessionDeps, 'channel' | 'backend' | 'options'>> {
  readonly options?: Partial<SessionOptions>;
  readonly channels?: ChannelPairOptions;
}

/** Sends lines and QUIT to a session over `backend`, and reads until it ends. @returns all that the server said. */
export async function converse(
  backend: Backend,
  lines: readonly string[],
  { options, channels, ...others }: ConversationSettings = {},
): Promise<string> {
  const { client, server } = channelPair(channels);
  const running = new SmtpSession({
    clock: new FakeClock(),
    log: new FakeLog(),
    loop: new FakeLoop(),
    random: { bytes: (count) => new Uint8Array(count) },
    id: 'cid',
    ...others,
    channel: server,
    backend,
    options: { ...plainOptions, ...options },
  }).run();
  const sent = client.write(new TextEncoder().encode([...lines, 'QUIT', ''].join('\r\n')));
  let heard = '';
  for (let bytes = await client.read(5000); bytes !== null; bytes = await client.read(5000)) {
    heard += new TextDecoder().decode(bytes);
  }
  await Promise.all([running, sent]);
  return heard;
}
