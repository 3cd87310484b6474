import type { ResponseWriter, TextOptions } from '#lib/imap';
import type { CommandOf, Handler } from './handler.ts';

/** ID (RFC 2971 §3.1): records the client's fields, and answers ours; the version only after login (RFC 2971 §7: it may help an attacker). */
export const id: Handler<CommandOf<'id'>> = {
  state: 'any',
  updates: 'all',
  async run(context, command) {
    context.deps.backend.noteClientId(new Map(command.fields ?? []));
    const fields = [...context.deps.options.serverId].filter(([name]) => context.account !== null || name === 'name');
    if (fields.length === 0) context.untagged('ID NIL');
    else context.write((writer, options) => writeFields(writer, fields, options));
    return 'ID completed';
  },
};

function writeFields(
  writer: ResponseWriter,
  fields: readonly (readonly [name: string, value: string])[],
  options: TextOptions,
): void {
  writer.ascii('* ID ');
  fields.forEach(([name, value], i) => {
    writer
      .ascii(i === 0 ? '(' : ' ')
      .quoted(name, options)
      .ascii(' ')
      .quoted(value, options);
  });
  writer.ascii(')').crlf();
}
