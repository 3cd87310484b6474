import { mechanismsByStrength } from '#lib/sasl';
import type { Channel } from '#ports/channel';
import { defaultLimits, serveImap } from '#proto/imap-server';
import { ImapGlue } from '#server/imap';
import type { ServiceContext } from './listeners.ts';

const serverId: ReadonlyMap<string, string> = new Map([['name', 'Godwit']]);

/** Serves one IMAP connection to its end. */
export async function serveImapOn(context: ServiceContext, channel: Channel): Promise<void> {
  const { services, shared, config, hostname, shutdown, hasTls, service } = context;
  const { accounts, bus, clock, configuration, checker, random } = services;
  const log = services.log.with({ cid: shared.nextConnectionId() });
  const admitted = shared.admission.connect('imap', channel.remote.address);
  if (admitted.kind !== 'admitted') {
    const why = admitted.kind === 'tooFast' ? 'too many connections in a short time' : 'too many open connections';
    await channel.write(new TextEncoder().encode(`* BYE [LIMIT] ${why} from your network\r\n`));
    return;
  }
  using _place = admitted.place;
  await serveImap({
    channel,
    backend: new ImapGlue({
      accounts,
      admission: shared.admission,
      bus,
      clock,
      configuration,
      credentials: checker,
      log,
      remoteAddress: channel.remote.address,
      appendLimitBytes: config.maxMessageBytes,
    }),
    clock,
    random,
    log,
    shutdown,
    options: {
      hostname,
      startTls: hasTls && service === 'imap',
      allowClearPasswords: service === 'imap' && config.imap?.allowPlaintextAuth === true,
      mechanisms: mechanismsByStrength,
      preauthenticated: null,
      serverId,
      limits: defaultLimits,
    },
  });
}
