/** A value of an IMAP response: a string or atom with its octets as Latin-1 characters, NIL, or a list. */
export type ImapTree = string | null | readonly ImapTree[];

/** Reads the value that begins at `at` of a response, whose literals are within it. */
function parseValue(text: string, at: number): { readonly value: ImapTree; readonly end: number } {
  if (text[at] === '(') {
    const list: ImapTree[] = [];
    let end = at + 1;
    while (text[end] !== ')') {
      if (text[end] === ' ') {
        end++;
        continue;
      }
      if (end >= text.length) throw new Error(`list without end: ${text.slice(at, at + 80)}`);
      const inner = parseValue(text, end);
      list.push(inner.value);
      ({ end } = inner);
    }
    return { value: list, end: end + 1 };
  }
  if (text[at] === '"') {
    const match = /^"((?:[^"\\]|\\.)*)"/s.exec(text.slice(at)) ?? ['', ''];
    return { value: match[1].replaceAll(/\\(.)/gs, '$1'), end: at + match[0].length };
  }
  const literal = /^~?\{(\d+)\}\r\n/.exec(text.slice(at, at + 20));
  if (literal !== null) {
    const start = at + literal[0].length;
    return { value: text.slice(start, start + Number(literal[1])), end: start + Number(literal[1]) };
  }
  // A section such as BODY[HEADER.FIELDS (A B)] is one word.
  const [atom] = /^(?:[^\s()[\]{"]|\[[^\]]*\])+/.exec(text.slice(at, at + 4000)) ?? [''];
  if (atom === '') throw new Error(`no value: ${text.slice(at, at + 80)}`);
  return { value: atom === 'NIL' ? null : atom, end: at + atom.length };
}

/** The items of a FETCH response (`* 1 FETCH (…)`) by their names. */
export function parseFetch(text: string): Map<string, ImapTree> {
  const open = text.indexOf('(');
  const { value } = parseValue(text, open);
  const items = new Map<string, ImapTree>();
  if (value === null || typeof value === 'string') return items;
  for (let i = 0; i + 1 < value.length; i += 2) items.set(String(value[i]), value[i + 1] ?? null);
  return items;
}
