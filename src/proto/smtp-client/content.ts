import { checkLineDiscipline, DotStuffer } from '#lib/smtp';
import { ConditionError, conditionText } from '#ports/conditions';
import { type Connection, failure, refusal, Stop } from './connection.ts';
import type { ClientLimits } from './limits.ts';
import type { OutgoingMail } from './types.ts';

const crlf = Uint8Array.of(13, 10);
/** Longest wait in ms for a last reply of a server that stopped reading. */
const lastWordsTimeoutMs = 1000;

/** Streams the content after 354. The final dot is sent only after all of it, and never after a bare CR or LF (RFC 5321 §2.3.8). @throws Stop; the server has not received all of it then. */
export async function sendContent(connection: Connection, mail: OutgoingMail, limits: ClientLimits): Promise<void> {
  const stuffer = new DotStuffer();
  try {
    for await (const chunk of mail.content()) {
      const bytes = stuffer.push(chunk);
      if (bytes.length > 0) await writePiece(connection, bytes, limits);
      if (stuffer.problem !== null) break;
    }
  } catch (error) {
    connection.drop();
    if (error instanceof Stop) throw error;
    throw unreadable(error);
  }
  const end = stuffer.end();
  if (end === null) {
    // RFC 5321 §4.1.1.10: when the connection closes before the final dot, the server MUST cancel the transaction.
    connection.drop();
    throw failure('content', 'content', `message has a ${stuffer.problem === 'bareCr' ? 'bare CR' : 'bare LF'}`);
  }
  await writePiece(connection, end, limits);
}

/** Returns the outcome for a failure on our side. The reason has no details, because the sender may be a stranger. */
function unreadable(cause: unknown): Stop {
  return new Stop({
    kind: 'failed',
    stage: 'content',
    failure: 'unreadable',
    reason: `the message could not be read here${cause instanceof ConditionError ? `: ${conditionText(cause.kind)}` : ''}`,
    cause,
  });
}

/** Writes content. When the server has stopped reading, looks for a reply that gives the reason. @throws Stop */
async function writePiece(connection: Connection, bytes: Uint8Array, limits: ClientLimits): Promise<void> {
  try {
    await connection.write(bytes, 'content', limits.dataBlockTimeoutMs);
  } catch (error) {
    const reply = await connection.reply('content', lastWordsTimeoutMs).catch(() => null);
    connection.drop();
    throw reply !== null && reply.code >= 400 ? refusal('content', reply) : error;
  }
}

/** Reads the whole content for one BDAT, with the last line ended. @throws Stop; nothing was sent then. */
export async function gatherContent(
  mail: OutgoingMail,
): Promise<{ readonly chunks: readonly Uint8Array[]; readonly sizeBytes: number }> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of mail.content()) {
      chunks.push(chunk);
      sizeBytes += chunk.length;
    }
  } catch (error) {
    throw unreadable(error);
  }
  const last = chunks.at(-1)?.at(-1);
  if (last !== undefined && last !== 10 && last !== 13) {
    chunks.push(crlf);
    sizeBytes += 2;
  }
  return { chunks, sizeBytes };
}

/** Checks that a whole content has no bare CR or LF (RFC 5321 §2.3.8). @throws Stop */
export function checkContent(content: Uint8Array): void {
  const problem = checkLineDiscipline(content);
  if (problem === null) return;
  const what = problem.problem === 'bareCr' ? 'bare CR' : 'bare LF';
  throw failure('content', 'content', `message has a ${what} at offset ${problem.at}`);
}
