import { writeStory } from '#mail/story';
import type { ArgumentsOf } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { age, queueName, wholeNumber } from '../queue-filter.ts';
import { localTime, plain, print, printJson } from '../terminal.ts';

/** Options of `why`. */
export interface WhyOptions extends FolderOptions {
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly account?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

/** Tells what happened to messages. @returns the exit code: 1 when nothing is known of any. */
export async function why(message: string | undefined, options: WhyOptions): Promise<number> {
  const limit = wholeNumber('--limit', options.limit ?? '10');
  const args = { ...question(message, options), account: options.account, limit };
  const { stories, isCut } = await callServer(configFolder(options), 'why', args);
  if (options.json === true) printJson(stories);
  else if (stories.length === 0) print(...nothingKnown(message, options));
  else {
    stories.forEach((story, i) =>
      print(...(i === 0 ? [] : ['']), ...writeStory(story, localTime, Date.now()).map(plain)),
    );
    if (isCut) print('', `There are more than ${limit}; these are the latest. Use --limit, or ask more exactly.`);
  }
  return stories.length === 0 ? 1 : 0;
}

/** @throws Error in words for people. */
function question(message: string | undefined, { from, to, since }: WhyOptions): ArgumentsOf<'why'> {
  const hasAddress = from !== undefined || to !== undefined;
  if ((message === undefined) !== hasAddress) {
    throw new Error('name a message by its id or Message-ID, or write --from ADDRESS, --to ADDRESS or both');
  }
  if (message !== undefined) {
    if (since !== undefined) throw new Error('--since goes with --from and --to');
    return /^[\d.]{1,25}$/.test(message) ? { id: queueName('id', message) } : { messageId: message };
  }
  const sinceMs = since === undefined ? undefined : age('--since', since);
  return { sender: from === '<>' ? '' : from, recipient: to, sinceMs };
}

function nothingKnown(message: string | undefined, { from, to, since = '7d' }: WhyOptions): string[] {
  if (message === undefined) {
    const whom = [from === undefined ? '' : ` from ${from}`, to === undefined ? '' : ` to ${to}`].join('');
    return [
      `Nothing is known of mail${plain(whom)} within ${since}: no such mail was sent, delivered or refused here.`,
      'Perhaps it never came to this server, or the client was turned away before it named addresses: then only the log knows.',
    ];
  }
  const known = /^[\d.]+$/.test(message)
    ? `The queue has no message ${message}`
    : `No message ${plain(message)} is known here`;
  return [
    `${known}.`,
    'The queue forgets finished messages after queue.keepFinished, mailboxes what was deleted after two weeks. Mail that was refused is found with --from and --to.',
  ];
}
