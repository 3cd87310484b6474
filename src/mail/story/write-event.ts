import type { Acceptance, Check, Origin } from './acceptance.ts';
import { sessionLines } from './session-lines.ts';
import type { AttemptEvent, StoryEvent } from './types.ts';
import { writeHappened } from './write-happened.ts';

/** An event in words. */
export interface WrittenEvent {
  readonly title: string;
  readonly details: readonly string[];
}

/** Context of the words besides the event. */
interface WritingContext {
  /** Attempts so far, by recipient; counted on. */
  readonly tries: Map<string, number>;
  /** Lines about routes that did not match, as far as they were written: they are said once. */
  readonly passedOver: Set<string>;
  readonly time: (ms: number) => string;
}

/** Writes an event for people. */
export function writeEvent(event: StoryEvent, context: WritingContext): WrittenEvent {
  switch (event.kind) {
    case 'queued':
      return writeQueued(event, context);
    case 'attempt':
      return writeAttempt(event, context);
    case 'happened':
      return writeHappened(event, context.time);
    case 'received':
      return writeReceived(event);
    case 'moved':
      return { title: `moved from ${event.from ?? 'a mailbox that is gone'} to ${event.to ?? 'another'}`, details: [] };
    case 'copied':
      return { title: `copied to ${event.to ?? 'a mailbox that is gone'}`, details: [] };
    case 'deleted':
      return { title: 'deleted from the last mailbox that it was in', details: [] };
    case 'refused': {
      const { times, lastMs, by, stage, reply, explanation } = event;
      const often = times === 1 ? '' : ` (${times} times, the last at ${context.time(lastMs)})`;
      return {
        title: `refused at ${stage}${often}: ${oneLine(reply)}`,
        details: [...acceptanceLines(by), ...decisionLines(explanation)],
      };
    }
  }
}

function writeQueued(event: Extract<StoryEvent, { kind: 'queued' }>, { time }: WritingContext): WrittenEvent {
  const { origin, wishes, holdUntilMs } = event;
  const details: string[] = [];
  if (origin !== null) details.push(...acceptanceLines(origin.by));
  if (origin?.kind === 'submission') details.push(...preparationLines(origin));
  if (origin?.kind === 'leftover') details.push(...decisionLines(origin.explanation ?? null));
  if (wishes.length > 0) details.push(`asked for ${wishes.join(', ')}`);
  if (holdUntilMs !== null) details.push(`to be sent not before ${time(holdUntilMs)}, as the sender wanted`);
  return { title: queuedTitle(origin), details };
}

function queuedTitle(origin: Origin | null): string {
  if (origin === null) return 'put into the queue';
  if (origin.kind === 'leftover') return 'put into the queue for recipients who could not have it at once';
  const { service, local } = origin.by;
  return `accepted from a user by ${service} on ${local}`;
}

function preparationLines(origin: Extract<Origin, { kind: 'submission' }>): string[] {
  const { author, added, removed, dkim, isChunked, isConverted } = origin;
  return [
    `checked: ${author} may be the author`,
    ...(added.length > 0 ? [`added ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`removed ${removed.join(', ')}`] : []),
    ...(isConverted === true ? ['encoded (quoted-printable, base64) so that every host takes it'] : []),
    'unsigned' in dkim ? `no DKIM signature: ${dkim.unsigned}` : `signed with DKIM: ${dkim.signatures.join('; ')}`,
    ...(isChunked ? ['content came in chunks (BDAT)'] : []),
  ];
}

function acceptanceLines({ remoteIp, hello, tls, login, cid }: Acceptance): string[] {
  const secured = tls === null ? 'without TLS' : `${tls.version} ${tls.cipher}`;
  return [
    `client ${remoteIp}${hello === null ? '' : `, ${hello}`}, ${secured}`,
    ...(login === null
      ? []
      : [`logged in as ${login.name}${login.mechanism === '' ? '' : ` with ${login.mechanism}`}`]),
    `connection ${cid} in the log`,
  ];
}

function writeReceived(event: Extract<StoryEvent, { kind: 'received' }>): WrittenEvent {
  const { by, remoteIp, checks, explanation, sender, recipient } = event;
  if (sender === null) {
    if (by === null) return { title: 'stored by a mail program', details: [] };
    return {
      title: `stored by a mail program (${by.service === 'jmap' ? 'JMAP' : 'APPEND'})`,
      details: acceptanceLines(by),
    };
  }
  const envelope = `from ${sender === '' ? '<>' : sender}${recipient === null ? '' : ` to ${recipient}`}`;
  if (by === null && remoteIp === null) return { title: `written by this server, ${envelope}`, details: [] };
  if (by === null) return { title: `accepted ${envelope}`, details: [`client ${remoteIp}`] };
  return {
    title: `accepted by ${by.service} on ${by.local}, ${envelope}`,
    details: [...acceptanceLines(by), ...checks.map(checkLine), ...decisionLines(explanation)],
  };
}

function decisionLines(explanation: string | null): string[] {
  return explanation === null ? [] : [`decided: ${oneLine(explanation)}`];
}

function checkLine({ name, result, detail }: Check): string {
  return `checked ${name}: ${result}${detail === null ? '' : `, ${oneLine(detail)}`}`;
}

/** More recipients are counted. */
const maxNamed = 5;

function writeAttempt(event: AttemptEvent, { tries, passedOver }: WritingContext): WrittenEvent {
  const { results, host, ip, durationMs, route, session } = event;
  const all = results.flatMap(({ recipients }) => recipients);
  for (const recipient of all) tries.set(recipient, (tries.get(recipient) ?? 0) + 1);
  const number = tries.get(all[0] ?? '') ?? 1;
  const where = host === null ? 'no host was reached' : `at ${host}${ip === null ? '' : ` [${ip}]`}`;
  const [way, ...notTaken] = route === null ? [] : route.split('\n');
  const news = notTaken.filter((line) => !passedOver.has(line));
  for (const line of news) passedOver.add(line);
  const [only, ...others] = results;
  const about = [
    ...(way === undefined ? [] : [`went ${way}`]),
    ...news.map((line) => `  ${line}`),
    ...(session === null ? [] : sessionLines(session, true).map(oneLine)),
  ];
  if (only !== undefined && others.length === 0) {
    const title = `attempt ${number} for ${named(all)}: ${only.outcome}, ${where}, after ${durationMs} ms`;
    return { title, details: [...about, ...linesOf(only.reply)] };
  }
  const answers = results.flatMap(({ recipients, outcome, reply }) => {
    const [line = '', ...more] = linesOf(reply);
    return [`${outcome} for ${named(recipients)}: ${line}`, ...more.map((text) => `  ${text}`)];
  });
  const title = `attempt ${number} for ${all.length} recipients: ${counted(results)}, ${where}, after ${durationMs} ms`;
  return { title, details: [...about, ...answers] };
}

function linesOf(reply: string): string[] {
  return reply.split('\n').filter((line) => line !== '');
}

function named(recipients: readonly string[]): string {
  const more = recipients.length - maxNamed;
  return `${recipients.slice(0, maxNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** `2 delivered, 58 refused`. */
function counted(results: AttemptEvent['results']): string {
  return (['delivered', 'deferred', 'refused'] as const)
    .map((outcome) => {
      const its = results.filter((result) => result.outcome === outcome);
      return { outcome, count: its.reduce((sum, { recipients }) => sum + recipients.length, 0) };
    })
    .filter(({ count }) => count > 0)
    .map(({ outcome, count }) => `${count} ${outcome}`)
    .join(', ');
}

function oneLine(text: string): string {
  return text.replaceAll(/\r?\n/g, ' ');
}
