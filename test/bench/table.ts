import { cpus, release, totalmem } from 'node:os';
import type { Scenario } from './scenarios.ts';

/** One measured line. */
export interface Row {
  readonly scenario: Pick<Scenario, 'name' | 'unit' | 'better'>;
  readonly ours: number;
  readonly theirs: { readonly name: string; readonly figure: number } | null;
}

/** The rows as a Markdown table; the ratio is above 1 where we are better. */
export function table(rows: readonly Row[]): string {
  const lines = rows.map(({ scenario, ours, theirs }) => {
    const ratio = theirs === null ? '' : scenario.better === 'more' ? ours / theirs.figure : theirs.figure / ours;
    const peer = theirs === null ? ['', ''] : [format(theirs.figure), theirs.name];
    return `| ${scenario.name} | ${scenario.unit} | ${format(ours)} | ${peer.join(' | ')} | ${ratio === '' ? '' : `${ratio.toFixed(2)}×`} |`;
  });
  return ['| figure | unit | Godwit | peer | which | ratio |', '|---|---|--:|--:|---|--:|', ...lines].join('\n');
}

/** The machine in a few words. */
export function machine(): string {
  const [first] = cpus();
  const gib = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model.trim() ?? 'CPU'}, ${gib} GiB, ${process.platform} ${release()}, Node ${process.version}`;
}

function format(figure: number): string {
  return figure >= 100 ? Math.round(figure).toLocaleString('en') : figure.toPrecision(3);
}
