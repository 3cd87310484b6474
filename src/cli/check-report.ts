import type { StoreProblem } from '#mail/check';
import type { RepairedAccount } from '#server/operations';
import { counted } from './confirm.ts';
import { plain } from './terminal.ts';

/** Returns the problems of the check for people: lost mail first, what is only untidy after it, and a sum. Those with one remedy stand together, above it. */
export function checkReport(problems: readonly StoreProblem[]): string[] {
  if (problems.length === 0) return ['All mail is whole and consistent.'];
  const [lost = [], untidy = []] = [true, false].map((isLoss) => problems.filter((one) => one.isLoss === isLoss));
  return [
    ...section('Mail is lost or cannot be read:', lost),
    ...section('Untidy, but no mail is lost:', untidy),
    `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}, ${lost.length === 0 ? 'none' : lost.length} about lost mail.`,
  ];
}

function section(title: string, problems: readonly StoreProblem[]): string[] {
  if (problems.length === 0) return [];
  const byRemedy = Map.groupBy(problems, ({ remedy }) => remedy);
  return [
    title,
    ...[...byRemedy].flatMap(([remedy, those]) => [
      ...those.map((problem) => `  ${place(problem)}: ${plain(problem.text)}`),
      ...(remedy === null ? [] : [`    Remedy: ${plain(remedy)}.`]),
    ]),
    '',
  ];
}

function place({ account, kind }: StoreProblem): string {
  if (account !== null) return `account ${plain(account)}`;
  return kind === 'database' ? 'server' : 'queue';
}

/** Returns the outcome of a repair for people. @param left  What the check found after it. */
export function repairReport(repaired: readonly RepairedAccount[], left: readonly StoreProblem[]): string[] {
  if (repaired.length === 0)
    return [
      left.length === 0
        ? 'There was nothing to repair.'
        : '"check --repair" can put nothing right here; the remedies of what was found are below.',
      '',
    ];
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
