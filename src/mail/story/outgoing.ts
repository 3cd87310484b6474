import type { AccountId, QueueId, RecipientId } from '#lib/ids';
import {
  ageStartMs,
  Notify,
  pausedStatus,
  readEvents,
  readSession,
  recipientsOfMessage,
  retryUntil,
  type QueueSettings,
  type StoryRecipient,
} from '#mail/queue';
import { inBatches, inList } from '#mail/schema';
import { sql, type Reader } from '#ports/database';
import { readOrigin } from './acceptance.ts';
import type { AttemptEvent, AttemptResult, RecipientNow, Story, StoryEvent } from './types.ts';

/** Context for stories of the queue. */
export interface OutgoingContext {
  readonly settings: Pick<QueueSettings, 'maxAgeMs'>;
  /** Name of an account; what to call one that is gone. */
  readonly nameOf: (account: AccountId) => string;
}

/** Most recipients of one message in a story, and most rows about each. */
const maxRecipients = 1000;
const maxRows = 2000;

/** The story of one message of the queue; null when there is none. */
export async function outgoingStory(reader: Reader, id: QueueId, context: OutgoingContext): Promise<Story | null> {
  const message =
    await reader.get<MessageRow>(sql`SELECT id, account, sender, message_id AS "messageId", envid, ret, tls, smtputf8,
    length(prefix) + body_size_bytes AS "sizeBytes", received_ms AS "receivedMs", start_ms AS "startMs", origin
    FROM queue_message WHERE id = ${id}`);
  if (message === undefined) return null;
  const recipients = await recipientsOfMessage(reader, id, maxRecipients);
  const addresses = new Map(recipients.map((recipient) => [recipient.id, recipient.address]));
  const events: StoryEvent[] = [
    queuedEvent(message, recipients),
    ...(await attemptEvents(reader, addresses)),
    ...(await happenedEvents(reader, id, addresses)),
  ];
  const { account, sender, messageId, sizeBytes } = message;
  return {
    kind: 'outgoing',
    id,
    messageId,
    account: account === null ? null : context.nameOf(account),
    sender,
    sizeBytes,
    events: events.toSorted((a, b) => a.atMs - b.atMs || rankOf(a) - rankOf(b)),
    recipients: recipients.map((recipient) =>
      recipientNow(id, recipient, retryUntil(ageStartMs(message, recipient), context.settings)),
    ),
  };
}

/** Kinds of events that follow from an attempt, and did not lead to it. */
const consequences = new Set(['suppressing', 'lateOutcome', 'told', 'notice']);

/** Order of what happened in the same millisecond. */
function rankOf(event: StoryEvent): number {
  if (event.kind === 'queued') return 0;
  if (event.kind === 'attempt') return 2;
  return event.kind === 'happened' && consequences.has(event.what) ? 3 : 1;
}

function queuedEvent(message: MessageRow, recipients: readonly StoryRecipient[]): StoryEvent {
  const { envid, ret, tls, smtputf8, receivedMs, startMs, origin } = message;
  const wishes: string[] = [];
  if (tls === 'required') wishes.push('REQUIRETLS');
  if (tls === 'optional') wishes.push('TLS-Required: No');
  if (smtputf8 !== 0) wishes.push('SMTPUTF8');
  if (ret !== null) wishes.push(`RET=${ret.toUpperCase()}`);
  if (envid !== null) wishes.push(`ENVID=${envid}`);
  for (const { address, notify, orcpt } of recipients) {
    const said = [
      ...(notify === 0 ? [] : [`NOTIFY=${notifyText(notify)}`]),
      ...(orcpt === null ? [] : [`ORCPT=${orcpt}`]),
    ];
    if (said.length > 0) wishes.push(`${said.join(' ')} for ${address}`);
  }
  const holdUntilMs = startMs > receivedMs ? startMs : null;
  return { kind: 'queued', atMs: receivedMs, origin: readOrigin(origin), wishes, holdUntilMs };
}

function notifyText(bits: number): string {
  return Object.entries(Notify)
    .filter(([, bit]) => (bits & bit) !== 0)
    .map(([name]) => name.toUpperCase())
    .join(',');
}

async function attemptEvents(reader: Reader, addresses: ReadonlyMap<RecipientId, string>): Promise<AttemptEvent[]> {
  const rows: AttemptRow[] = [];
  for (const ids of inBatches([...addresses.keys()])) {
    rows.push(
      ...(await reader.all<AttemptRow>(sql`SELECT recipient, start_ms AS "atMs", duration_ms AS "durationMs", host, ip, outcome,
        reply, route, session FROM queue_attempt WHERE recipient IN ${inList(ids)} ORDER BY id LIMIT ${maxRows}`)),
    );
  }
  // Recipients of one transmission are one event: the dialogue is the same.
  const groups = Map.groupBy(rows, (row) => JSON.stringify({ ...row, recipient: 0, outcome: '', reply: '' }));
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { atMs, durationMs, host, ip, route, session } = first;
    const results = resultsOf(group, addresses);
    return [{ kind: 'attempt', atMs, durationMs, host, ip, route, results, session: readSession(session) }];
  });
}

function resultsOf(group: readonly AttemptRow[], addresses: ReadonlyMap<RecipientId, string>): AttemptResult[] {
  const answers = Map.groupBy(group, ({ outcome, reply }) => JSON.stringify([outcome, reply]));
  return [...answers.values()].flatMap((same) => {
    const [first] = same;
    if (first === undefined) return [];
    const recipients = same.map(({ recipient }) => addresses.get(recipient) ?? '');
    return [{ recipients, outcome: first.outcome, reply: first.reply }];
  });
}

async function happenedEvents(
  reader: Reader,
  message: QueueId,
  addresses: ReadonlyMap<RecipientId, string>,
): Promise<StoryEvent[]> {
  const groups = Map.groupBy(await readEvents(reader, message), ({ atMs, kind, detail }) =>
    JSON.stringify([atMs, kind, detail]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { atMs, kind: what, detail } = first;
    const recipients = group.flatMap(({ recipient }) =>
      recipient === null ? [] : [addresses.get(recipient) ?? `recipient ${recipient}`],
    );
    return [{ kind: 'happened', atMs, what, recipients, detail }];
  });
}

function recipientNow(message: QueueId, row: StoryRecipient, giveUpMs: number): RecipientNow {
  const { number, address, state, hold, attempts, nextAttemptMs, lastReply, finishedMs, noticeKind } = row;
  const { lastStatus, lastReplyIsSmtp } = row;
  const isWaiting = finishedMs === null;
  return {
    id: `${message}.${number}`,
    address,
    state,
    isHeld: hold !== 0 && state === 'queued',
    attempts,
    nextAttemptMs: isWaiting ? nextAttemptMs : null,
    giveUpMs: isWaiting ? giveUpMs : null,
    lastReply,
    isPaused: state === 'queued' && lastStatus === pausedStatus && lastReplyIsSmtp === 0,
    finishedMs,
    noticeOwed: noticeKind,
  };
}

interface MessageRow {
  readonly id: QueueId;
  readonly account: AccountId | null;
  readonly sender: string;
  readonly messageId: string | null;
  readonly envid: string | null;
  readonly ret: string | null;
  readonly tls: string;
  readonly smtputf8: number;
  readonly sizeBytes: number;
  readonly receivedMs: number;
  readonly startMs: number;
  readonly origin: string | null;
}

interface AttemptRow {
  readonly recipient: RecipientId;
  readonly atMs: number;
  readonly durationMs: number;
  readonly host: string | null;
  readonly ip: string | null;
  readonly outcome: AttemptResult['outcome'];
  readonly reply: string;
  readonly route: string | null;
  readonly session: string | null;
}
