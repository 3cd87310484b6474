import type { Finding } from '#mail/check';
import { plain } from './terminal.ts';

/** What the check found, for people: lost mail first, what is only untidy after it, and a sum. */
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
