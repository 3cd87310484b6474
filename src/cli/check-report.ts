import type { Finding } from '#mail/check';
import type { RepairedAccount } from '#server/operations';
import { counted } from './confirm.ts';
import { plain } from './terminal.ts';

/** The findings of the check for people: lost mail first, what is only untidy after it, and a sum. */
export function checkReport(findings: readonly Finding[]): string[] {
  if (findings.length === 0) return ['All mail is whole and consistent.'];
  const [lost = [], untidy = []] = [true, false].map((isLoss) => findings.filter((one) => one.isLoss === isLoss));
  return [
    ...section('Mail is lost or cannot be read:', lost),
    ...section('Untidy, but no mail is lost:', untidy),
    `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}, ${lost.length === 0 ? 'none' : lost.length} about lost mail.`,
  ];
}

function section(title: string, findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const remedies = new Set(findings.flatMap(({ remedy }) => remedy ?? []));
  return [
    title,
    ...findings.map((finding) => `  ${place(finding)}: ${plain(finding.text)}`),
    ...[...remedies].map((remedy) => `  What can be done: ${plain(remedy)}.`),
    '',
  ];
}

function place({ account, kind }: Finding): string {
  if (account !== null) return `account ${plain(account)}`;
  return kind === 'database' ? 'server' : 'queue';
}

/** The outcome of a repair for people. */
export function repairReport(repaired: readonly RepairedAccount[]): string[] {
  if (repaired.length === 0) return ['There was nothing to repair.', ''];
  return [
    'Repaired:',
    ...repaired.flatMap(({ account, flags, others, problem }) => [
      ...(problem === null ? [] : [`  account ${plain(account)}: not repaired: ${plain(problem)}`]),
      ...flags.map(
        ({ mailbox, firstUid, lastUid, resetMessages }) =>
          `  account ${plain(account)}: mailbox ${plain(mailbox)}, UIDs ${firstUid} to ${lastUid}: ${counted(resetMessages, 'message')} with the flags again that they came with`,
      ),
      ...(others === 0 ? [] : [`  account ${plain(account)}: ${others} counters, blocks of header fields or blobs`]),
    ]),
    '',
  ];
}
