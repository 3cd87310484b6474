import { joinReplyLines } from '#lib/smtp';
import { writeEvent } from './write-event.ts';
import type { PlaceNow, RecipientNow, Story } from './types.ts';

/**
 * A story in lines for people: who wrote what, what happened in the order of time, and how it is now. Text of strangers is in it as they wrote it,
 * without line ends.
 * @param time  writes milliseconds since 1970.
 * @param nowMs  milliseconds since 1970: what was due before then is late.
 */
export function writeStory(story: Story, time: (ms: number) => string, nowMs: number): string[] {
  const context = { tries: new Map<string, number>(), passedOver: new Set<string>(), time };
  const events = story.events.flatMap((event) => {
    const { title, details } = writeEvent(event, context);
    return [`  ${time(event.atMs)}  ${title}`, ...details.map((line) => `      ${line}`)];
  });
  return [...heading(story), '', ...events, '', ...ending(story, time, nowMs).map((line) => `  ${line}`)];
}

function heading(story: Story): string[] {
  switch (story.kind) {
    case 'outgoing': {
      const whose = story.account === null ? 'of the server itself' : `of the account ${story.account}`;
      const to = listed(story.recipients.map(({ address }) => address));
      return [`Outgoing message ${story.id} ${whose}: from ${path(story.sender)} to ${to}`, about(story)];
    }
    case 'incoming':
      return [`Message in the account ${story.account}`, about(story)];
    case 'refused': {
      const to = story.recipient === '' ? '' : ` to ${story.recipient}`;
      return [`Mail from ${path(story.sender)}${to} that was refused`];
    }
  }
}

function about({ messageId, sizeBytes }: { readonly messageId: string | null; readonly sizeBytes: number }): string {
  return `${messageId ?? 'without a Message-ID'}, ${sizeBytes} bytes`;
}

function path(address: string): string {
  return address === '' ? '<>' : address;
}

const maxListed = 5;

function listed(texts: readonly string[]): string {
  const more = texts.length - maxListed;
  return `${texts.slice(0, maxListed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function ending(story: Story, time: (ms: number) => string, nowMs: number): string[] {
  switch (story.kind) {
    case 'outgoing':
      return story.recipients.map((recipient) => `Now ${recipient.address}: ${recipientNow(recipient, time, nowMs)}`);
    case 'incoming':
      if (story.places.length === 0) return ['Now in no mailbox any more'];
      return story.places.map((place) => `Now ${placeNow(place)}`);
    case 'refused':
      return [refusedNow(story.events.some((event) => event.kind === 'refused' && event.reply.startsWith('4')))];
  }
}

function recipientNow(recipient: RecipientNow, time: (ms: number) => string, nowMs: number): string {
  const { state, isHeld, attempts, nextAttemptMs, giveUpMs, finishedMs, lastReply, noticeOwed } = recipient;
  const end = finishedMs === null ? '' : ` at ${time(finishedMs)}`;
  const owed = noticeOwed === null ? '' : `; the sender is about to be told (${noticeOwed})`;
  const because = lastReply === null || lastReply === '' ? '' : `: ${joinReplyLines(lastReply)}`;
  switch (state) {
    case 'delivered':
      return `delivered${end}${owed}`;
    case 'failed':
      return `given up${end}${because}${owed}`;
    case 'dropped':
      return `removed by an operator${end}, without telling the sender`;
    case 'leased':
      return 'in delivery at this moment';
    case 'queued': {
      if (isHeld) return 'on hold, until an operator releases it';
      const isLate = nextAttemptMs !== null && nextAttemptMs < nowMs;
      // Why others go first is known to the server that runs, if one does, and only at that moment.
      const addition = isLate ? ', as soon as the server and the limits of its transport let it' : '';
      const due = nextAttemptMs === null ? '' : `, due ${isLate ? 'since' : 'at'} ${time(nextAttemptMs)}${addition}`;
      const until = giveUpMs === null ? '' : `; given up at ${time(giveUpMs)} if it does not work until then`;
      const paused = recipient.isPaused ? because : '';
      return `waits for attempt ${attempts + 1}${due}${until}${owed}${paused}`;
    }
  }
}

function placeNow({ mailbox, uid, flags }: PlaceNow): string {
  return `in ${mailbox}, UID ${uid}${flags.length === 0 ? ', unread' : `, ${flags.join(' ')}`}`;
}

function refusedNow(isTemporary: boolean): string {
  return isTemporary
    ? 'Nothing was kept of it. Servers try again by themselves after such a reply.'
    : 'Nothing was kept of it. Whoever brought it has to tell the sender.';
}
