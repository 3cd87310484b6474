import type { StoryEvent } from './types.ts';

const phrases: Readonly<Record<string, string>> = {
  held: 'put on hold',
  released: 'released',
  kicked: 'to be tried at once',
  dropped: 'removed without telling the sender',
  failed: 'given up, by an operator',
  transport: 'transport set by an operator',
  tls: 'TLS set by an operator',
  told: 'the sender was told',
  notice: 'a notice came back',
};

/** Writes what somebody did, or what came back: known deeds in words, and every detail as it was recorded. */
export function writeHappened(
  { what, recipients, detail }: Extract<StoryEvent, { kind: 'happened' }>,
  time: (ms: number) => string,
): { readonly title: string; readonly details: readonly string[] } {
  const whom = recipients.length === 0 ? '' : ` (${recipients.join(', ')})`;
  return {
    title: `${phrases[what] ?? what}${whom}`,
    details: Object.entries(detail).flatMap(([name, value]) => {
      const text = valueText(name, value, time);
      return text === '' ? [] : [`${spaced(name)}: ${text}`];
    }),
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
