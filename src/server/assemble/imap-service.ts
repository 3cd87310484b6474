import { admissionTexts } from '#server/admission';
import { mechanismsByStrength } from '#lib/sasl';
import { acceptanceOf } from '#mail/story';
import type { Channel } from '#ports/channel';
import { Bye, defaultLimits, serveImap } from '#proto/imap-server';
import { ImapGlue } from '#server/imap';
import type { ServedPort, Service, ServiceContext } from './service.ts';

const serverId: ReadonlyMap<string, string> = new Map([['name', 'Godwit']]);

/** Name of a service for reading mail (RFC 9051; with TLS from the first byte RFC 8314 §3.2). */
type ImapKind = 'imap' | 'imaps';

/** Reading mail. */
export const imapServices: readonly Service[] = [
  {
    name: 'imap',
    protocol: 'imap',
    hasImmediateTls: false,
    settings: ({ imap }) => imap,
    open: (context) => servePort(context, 'imap'),
  },
  {
    name: 'imaps',
    protocol: 'imap',
    hasImmediateTls: true,
    settings: ({ imaps }) => imaps,
    open: (context) => servePort(context, 'imaps'),
  },
];

function servePort(context: ServiceContext, kind: ImapKind): ServedPort {
  const stopping = new AbortController();
  return {
    serve: (channel) => serveOne(context, kind, channel, stopping.signal),
    drain: () => stopping.abort(new Error('shutting down')),
  };
}

/** Serves one connection to its end. */
async function serveOne(
  context: ServiceContext,
  kind: ImapKind,
  channel: Channel,
  shutdown: AbortSignal,
): Promise<void> {
  const { services, shared, config, hostname, hasTls } = context;
  const { accounts, bus, clock, configuration, contentMemory, checker, loop, random } = services;
  const id = shared.nextConnectionId();
  const log = services.log.with({ cid: id });
  // With immediate TLS the listener asked before the handshake.
  const admitted = kind === 'imaps' ? null : shared.admission.connect('imap', channel.remote.address);
  if (admitted !== null && admitted.kind !== 'admitted') {
    const why = admissionTexts[admitted.kind];
    // A client that does not wait for the answer misses nothing.
    await channel.write(new TextEncoder().encode(`* BYE [LIMIT] ${why}\r\n`))?.catch(() => undefined);
    return;
  }
  using _place = admitted?.place;
  using ending = new Ending(shutdown);
  using backend = new ImapGlue({
    accounts,
    logins: shared.logins,
    bus,
    clock,
    configuration,
    contentMemory,
    credentials: checker,
    log,
    remoteAddress: channel.remote.address,
    appendLimitBytes: config.maxMessageBytes,
    connection: () => {
      const { remote, local, tls } = channel;
      return acceptanceOf({ id, kind, remote, local, tls, hello: null, identity: null, mechanism: null });
    },
    onOpen: (account, { ended }) => {
      ending.follow(account.removed);
      // RFC 5530 §3: EXPIRED, access with this password is no longer permitted.
      ending.follow(ended, () => new Bye(messageOf(ended.reason), 'EXPIRED'));
    },
  });
  await serveImap({
    channel,
    backend,
    clock,
    loop,
    random,
    log,
    shutdown: ending.signal,
    options: {
      hostname,
      startTls: hasTls && kind === 'imap',
      allowClearPasswords: kind === 'imap' && config.imap?.allowPlaintextAuth === true,
      mechanisms: mechanismsByStrength.filter((name) => config.mechanisms.includes(name)),
      preauthenticated: null,
      serverId,
      // One limit before login and after it.
      limits: { ...defaultLimits, maxAppendBytes: config.maxMessageBytes },
    },
  });
}

/** Ends one session when the server stops, its account is removed, or its login ends. */
class Ending implements Disposable {
  readonly #controller = new AbortController();
  readonly #followed: { readonly signal: AbortSignal; readonly end: () => void }[] = [];

  constructor(shutdown: AbortSignal) {
    this.follow(shutdown);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends with `signal` as well, and for its reason, or another. */
  follow(signal: AbortSignal, reason: () => unknown = () => signal.reason): void {
    const end = (): void => this.#controller.abort(reason());
    this.#followed.push({ signal, end });
    signal.addEventListener('abort', end, { once: true });
    if (signal.aborted) end();
  }

  [Symbol.dispose](): void {
    for (const { signal, end } of this.#followed) signal.removeEventListener('abort', end);
  }
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
