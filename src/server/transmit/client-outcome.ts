import { parseXtext } from '#lib/codecs';
import { isPermanent, showReply, type Notify as NotifyParameter, type Reply } from '#lib/smtp';
import {
  Notify,
  type DeliveryOutcome,
  type OutgoingRecipient,
  type RemoteHost,
  type RemoteReply,
  type Transmission,
} from '#mail/queue';
import type { ClientStage, MailRecipient, OutgoingMail, RecipientOutcome } from '#proto/smtp-client';

/** A queued message as the SMTP client takes it. @param requireTls  Whether it says REQUIRETLS (RFC 8689 §4.2.1). */
export function mailOf(transmission: Transmission, requireTls: boolean): OutgoingMail {
  const { sender, recipients, content, has8bit, smtputf8, tls, ret, envid } = transmission;
  return {
    from: sender,
    recipients: recipients.map(recipientOf),
    sizeBytes: content.sizeBytes,
    eightBit: has8bit,
    smtputf8,
    requireTls,
    eightBitAnyway: true,
    // RFC 8689 §5: notices about REQUIRETLS messages never have all of them.
    ...(ret !== null && { ret: ret === 'full' && tls !== 'required' ? 'FULL' : 'HDRS' }),
    ...(envid !== null && { envid }),
    content: () => content.stream(),
  };
}

/** Host that the client talked to. */
export interface Peer {
  readonly remote: RemoteHost;
  /** It is our own port, where acceptance is delivery. */
  readonly isOurs: boolean;
  /** It offers DSN. */
  readonly takesDsn: boolean;
}

/** Translates the client's outcome into the queue's words. */
export function outcomeOf(outcome: RecipientOutcome, { remote, isOurs, takesDsn }: Peer): DeliveryOutcome {
  switch (outcome.kind) {
    case 'accepted': {
      const reply = remoteReply(outcome.reply);
      return { kind: 'delivered', reply, remote, final: isOurs, dsnPassedOn: takesDsn };
    }
    case 'refused': {
      const reply = remoteReply(outcome.reply);
      const reason = showReply(outcome.reply);
      // Who will not forget another message has said nothing of this one.
      if (!isPermanent(outcome.reply) || outcome.stage === 'reset') return { kind: 'deferred', reason, reply, remote };
      const stage = stageOf(outcome.stage);
      return { kind: 'refused', reason, reply, status: outcome.reply.enhanced ?? '5.0.0', remote, stage };
    }
    case 'failed': {
      const status = permanentFailures[outcome.failure];
      if (status === undefined) return { kind: 'deferred', reason: outcome.reason, reply: null, remote };
      return { kind: 'refused', reason: outcome.reason, reply: null, status, remote };
    }
  }
}

function stageOf(stage: ClientStage): 'mail' | 'rcpt' | 'data' {
  if (stage === 'rcpt') return 'rcpt';
  return stage === 'data' || stage === 'content' ? 'data' : 'mail';
}

/** Failures that no later attempt will mend, with their enhanced status codes (RFC 3463 §3). */
const permanentFailures: Readonly<Record<string, string | undefined>> = {
  size: '5.3.4',
  smtputf8: '5.6.7',
  content: '5.6.0',
  requiretls: '5.7.30',
};

function remoteReply({ code, enhanced, lines }: Reply): RemoteReply {
  return { code, enhanced, text: lines.join('\n') };
}

function recipientOf({ address, notify, orcpt }: OutgoingRecipient): MailRecipient {
  const original = orcpt === null ? null : parseOrcpt(orcpt);
  return {
    address,
    ...(notify !== 0 && { notify: notifyOf(notify) }),
    ...(original !== null && { orcpt: original }),
  };
}

function notifyOf(bits: number): NotifyParameter {
  return {
    success: (bits & Notify.Success) !== 0,
    failure: (bits & Notify.Failure) !== 0,
    delay: (bits & Notify.Delay) !== 0,
  };
}

function parseOrcpt(orcpt: string): { readonly type: string; readonly address: string } | null {
  const at = orcpt.indexOf(';');
  const address = at < 1 ? null : parseXtext(orcpt.slice(at + 1));
  return address?.ok === true ? { type: orcpt.slice(0, at), address: address.value } : null;
}
