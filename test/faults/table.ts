import { fileURLToPath } from 'node:url';
import type { FaultRow } from './rows.ts';

/** Path of the table. */
export const tableFile: string = fileURLToPath(new URL('../../docs/faults.md', import.meta.url));

const introduction = `# What happens to a message when something goes wrong

Every row was tried: a message in the queue goes to hosts with this fault, three times. \`npm test\` tries all of it again and compares;
\`node test/faults/main.ts\` writes this file anew.

- **with another host**: the preferred host of two has the fault. What the first attempt comes to.
- **alone**: there is one host, which has the fault. What the first attempt comes to, with the words that \`godwit queue show\` has.
- **it lasts**: what the sender is left with when the fault never ends. Mail is tried for 48 hours; the sender gets one notice of the delay, after 4 hours.
- **it passes**: the fault is gone when the second attempt is made. More than one copy arrives only where the host took the whole message and did not say so.

A host that may have the whole message and does not say so is the only one of its attempt, and the last one of the next. So is one that takes
content until the attempt ends, after 30 minutes; otherwise a host has half of the time that is left, while others wait.

A host that does not offer what the message needs has not refused it: recipients who need more than it offers go to the next host, the others do not.

A login that is refused for good pauses the transport: other addresses of the host are not tried, nothing counts as an attempt, and the message is
tried again after 5, 10, 20, 40 and then every 60 minutes.

In every case a message ends in exactly one way, delivered or failed with a notice to the sender, and is never sent again after a host's 250.
`;

const heading = `| fault | with another host | alone | it lasts | it passes |
|---|---|---|---|---|
`;

/** One line of the table. */
export function lineOf({ cells }: FaultRow): string {
  return `| ${cells.join(' | ')} |`;
}

/** The whole document. */
export function tableText(rows: readonly FaultRow[]): string {
  const groups = Map.groupBy(rows, ({ group }) => group);
  const parts = [...groups].map(
    ([group, list]) => `\n## ${group}\n\n${heading}${list.map((row) => `${lineOf(row)}\n`).join('')}`,
  );
  return introduction + parts.join('');
}
