import type { StoryEvent } from './types.ts';

const phrases: Readonly<Record<string, string>> = {
  held: 'put on hold by an operator',
  heldByRule: 'put on hold by a rule',
  released: 'released by an operator',
  kicked: 'an operator wanted it to be tried at once',
  dropped: 'removed by an operator, without telling the sender',
  failed: 'given up by an operator',
  recalled: 'taken back by its sender before it left',
  transport: 'an operator set the transport',
  tls: 'an operator set what TLS has to be like',
  suppressed: 'not sent: the account does not send to this address any more',
  suppressing: 'the account does not send to this address any more',
  lateOutcome: 'an attempt ended after its time was over',
  notice: 'a notice about it came back',
};

/** Removed settings: the detail of the same name is null. */
const withdrawn: Readonly<Record<string, string>> = {
  transport: 'an operator let routes decide again',
  tls: 'an operator left it to the sender what TLS has to be like',
};

/** Writes an operation or a notice: known deeds in words, and every detail as it was recorded. */
export function writeHappened(
  { what, recipients, detail }: Extract<StoryEvent, { kind: 'happened' }>,
  time: (ms: number) => string,
): { readonly title: string; readonly details: readonly string[] } {
  if (what === 'told') return writeTold(recipients, detail);
  const whom = recipients.length === 0 ? '' : ` (${recipients.join(', ')})`;
  const phrase = detail[what] === null ? withdrawn[what] : undefined;
  return {
    title: `${phrase ?? phrases[what] ?? what}${whom}`,
    details: Object.entries(detail).flatMap(([name, value]) => {
      const text = valueText(name, value, time);
      return text === '' || text === recipients[0] ? [] : [`${spaced(name)}: ${text}`];
    }),
  };
}

const notices: Readonly<Record<string, string>> = {
  failed: 'that it is given up',
  delayed: 'that it takes longer',
  delivered: 'that it was delivered',
  relayed: 'that it was handed to a host that sends no notices of success',
};

/** The notice can be asked for as well, by its Message-ID. */
function writeTold(
  recipients: readonly string[],
  { notice, to, messageId }: Readonly<Record<string, unknown>>,
): { readonly title: string; readonly details: readonly string[] } {
  const news = notices[String(notice)] ?? String(notice);
  return {
    title: `told ${String(to)} ${news} (${recipients.join(', ')})`,
    details: typeof messageId === 'string' ? [`notice ${messageId}`] : [],
  };
}

function valueText(name: string, value: unknown, time: (ms: number) => string): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' && name.endsWith('Ms')) return time(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(/\r?\n/g, ' ');
}

/** `willRetryUntilMs` as `will retry until`. */
function spaced(name: string): string {
  return name.replace(/Ms$/, '').replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
