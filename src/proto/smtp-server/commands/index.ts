/** The table of all commands: one line per verb; their files say when each is legal and what it does. */
import type { Verb } from '#lib/smtp';
import { auth } from './auth.ts';
import { bdat } from './bdat.ts';
import { data } from './data.ts';
import type { CommandDefinition } from './definition.ts';
import { ehlo, helo } from './hello.ts';
import { mail } from './mail.ts';
import { rcpt } from './rcpt.ts';
import { expn, help, noop, quit, rset, vrfy } from './small.ts';
import { startTls } from './start-tls.ts';

type Definitions = { readonly [V in Verb]: CommandDefinition<V> };

const definitions: Definitions = {
  HELO: helo,
  EHLO: ehlo,
  MAIL: mail,
  RCPT: rcpt,
  DATA: data,
  BDAT: bdat,
  RSET: rset,
  VRFY: vrfy,
  EXPN: expn,
  HELP: help,
  NOOP: noop,
  QUIT: quit,
  STARTTLS: startTls,
  AUTH: auth,
};

/** Returns the definition of a verb. */
export function definitionOf(verb: Verb): CommandDefinition<Verb> {
  // Sound by the type of the table: each verb has a definition for its own command.
  return definitions[verb] as unknown as CommandDefinition<Verb>;
}
