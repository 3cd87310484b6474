import { receiverRules, type ReceiverRule, type RuleName } from './rules.ts';

/** Violation of a rule by a message. */
export interface Violation {
  readonly rule: RuleName;
  /** Description for people: `the field Date occurs 2 times`. Printable ASCII without line breaks. */
  readonly detail: string;
}

/** Formats a violation with the receivers that refuse or alter such messages: `the field Date occurs 2 times: refused by Gmail, Haraka`. */
export function describeViolation({ rule, detail }: Violation): string {
  const { judgements }: ReceiverRule = receiverRules[rule];
  const words = [
    ['refused by', 'refuses'],
    ['altered by', 'alters'],
  ] as const;
  const parts = words.flatMap(([word, does]) => {
    const names = judgements.filter((judgement) => judgement.does === does).map(({ receiver }) => receiver);
    return names.length === 0 ? [] : [`${word} ${names.join(', ')}`];
  });
  return `${detail}: ${parts.join('; ')}`;
}
