import { createHash } from 'node:crypto';
import type { JsonObject } from '#lib/jmap';
import { coreCapability, coreUri } from '#proto/jmap-server';
import { blobCapability } from './blob-capability.ts';
import type { Capability } from './capability.ts';
import { whyCapability } from './email-why.ts';
import type { MailContext } from './mail-context.ts';
import { mailCapability } from './mail-methods.ts';
import { mailUri } from './mail-uri.ts';
import { mdnUri } from './mdn-object.ts';
import { quotaUri } from './quota-methods.ts';
import { submissionCapability, submissionUri } from './submission-capability.ts';
import { webSocketCapability, webSocketUri } from './push/web-socket.ts';

const nothing = (): JsonObject => ({});

/** Capabilities of the server. A feature adds its own here. */
const allCapabilities: readonly Capability[] = [
  { uri: coreUri, ofServer: ({ limits }) => coreCapability(limits), ofAccount: nothing },
  { uri: mailUri, ofServer: nothing, ofAccount: mailCapability },
  { uri: webSocketUri, ofServer: ({ origin }) => webSocketCapability(origin), ofAccount: () => null },
  blobCapability,
  {
    uri: 'urn:ietf:params:jmap:webpush-vapid',
    ofServer: ({ webPush }) => ({ applicationServerKey: webPush.publicKey }),
    ofAccount: () => null,
  },
  whyCapability,
  { uri: submissionUri, ofServer: nothing, ofAccount: submissionCapability },
  { uri: mdnUri, ofServer: nothing, ofAccount: nothing },
  { uri: quotaUri, ofServer: nothing, ofAccount: nothing },
];

/** URIs of all capabilities. */
export const capabilityUris: ReadonlySet<string> = new Set(allCapabilities.map(({ uri }) => uri));

/** Facts that the session gives of the server and of the account of its user, by capability. */
export interface AnnouncedCapabilities {
  readonly ofServer: Readonly<Record<string, JsonObject>>;
  readonly ofAccount: Readonly<Record<string, JsonObject>>;
}

/** Returns the capabilities as the session announces them to a user. */
export function announcedCapabilities(context: MailContext): AnnouncedCapabilities {
  return {
    ofServer: Object.fromEntries(allCapabilities.map(({ uri, ofServer }) => [uri, ofServer(context)])),
    ofAccount: Object.fromEntries(
      allCapabilities.flatMap(({ uri, ofAccount }) => {
        const facts = ofAccount(context);
        return facts === null ? [] : [[uri, facts]];
      }),
    ),
  };
}

/** Returns the state of the session, which changes when anything in it does (RFC 8620 §2): all but these facts follows from the account. */
export function sessionStateOf(context: MailContext): string {
  const { accountId, isReadOnly } = context;
  const facts = JSON.stringify([accountId, isReadOnly, announcedCapabilities(context)]);
  return createHash('sha256').update(facts).digest('base64url').slice(0, 16);
}
