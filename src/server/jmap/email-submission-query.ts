import {
  Arguments,
  invalidArgument,
  isJsonObject,
  MethodError,
  parseFilter,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { Submission } from '#mail/email-submissions';
import { isMatch } from '#lib/search';
import type { JmapMethod } from '#proto/jmap-server';
import { emailIds, submissionIds, threadIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { queryResponse, queryWindowOf } from './query-window.ts';
import { submissionUri } from './submission-capability.ts';

type Test = (submission: Submission) => boolean;
type Compare = (a: Submission, b: Submission) => number;

/** EmailSubmission/query (RFC 8621 §7.3). */
export const emailSubmissionQuery: JmapMethod<MailContext> = {
  name: 'EmailSubmission/query',
  capability: submissionUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const filterArgument = args.object('filter', null);
    const filter = filterArgument === null ? null : parseFilter(filterArgument, readCondition, context.limits);
    const compare = readSort(args.value('sort'), context.limits.maxComparators);
    const window = queryWindowOf(args);
    args.end();
    const { state, submissions } = await context.sending.submissions.list(account.id, null);
    const results = submissions
      .filter((submission) => filter === null || isMatch(filter, (test) => test(submission)))
      .toSorted(compare);
    return queryResponse(context, String(state), results, window, ({ id }) => submissionIds.write(id), {
      canCalculateChanges: false,
    });
  },
};

/** EmailSubmission/queryChanges (RFC 8621 §7.4): clients ask again, as `canCalculateChanges` says. */
export const emailSubmissionQueryChanges: JmapMethod<MailContext> = {
  name: 'EmailSubmission/queryChanges',
  capability: submissionUri,
  run: async (args, context) => {
    accountOf(args, context);
    throw new MethodError('cannotCalculateChanges', 'changes of queries are not kept: query again');
  },
};

/** Reads a FilterCondition (RFC 8621 §7.3). @throws MethodError. */
function readCondition(condition: JsonObject): Test {
  const args = new Arguments(condition);
  const tests = Object.keys(condition).map((name): Test => {
    switch (name) {
      case 'identityIds':
        return among(args.texts(name), ({ identity }) => identity);
      case 'emailIds':
        return among(args.texts(name), ({ email }) => emailIds.write(email));
      case 'threadIds':
        return among(args.texts(name), ({ thread }) => threadIds.write(thread));
      case 'undoStatus': {
        const wanted = args.text(name);
        return ({ undo }) => undo === wanted;
      }
      case 'before': {
        const wanted = args.utcDate(name);
        return ({ sendAtMs }) => sendAtMs < wanted;
      }
      case 'after': {
        const wanted = args.utcDate(name);
        return ({ sendAtMs }) => sendAtMs >= wanted;
      }
      default:
        throw new MethodError('unsupportedFilter', `submissions cannot be filtered by ${name.slice(0, 100)}`);
    }
  });
  return (submission) => tests.every((test) => test(submission));
}

function among(ids: readonly string[], idOf: (submission: Submission) => string): Test {
  const wanted = new Set(ids);
  return (submission) => wanted.has(idOf(submission));
}

/** Reads the argument `sort`. What compares equal is in the order of creation, the newest first. @throws MethodError. */
function readSort(value: JsonValue, maxComparators: number): Compare {
  const comparators: JsonValue = value ?? [];
  if (!Array.isArray(comparators)) throw invalidArgument('sort', 'an array is expected');
  if (comparators.length > maxComparators)
    throw new MethodError('unsupportedSort', `a sort has at most ${maxComparators} comparators`);
  const compares = (comparators as readonly JsonValue[]).map(readComparator);
  return (a, b) => {
    for (const compare of compares) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return b.id - a.id;
  };
}

function readComparator(value: JsonValue): Compare {
  if (!isJsonObject(value)) throw invalidArgument('sort', 'objects are expected');
  const args = new Arguments(value);
  const property = args.text('property');
  const sign = args.boolean('isAscending', true) ? 1 : -1;
  if (args.text('collation', null) !== null) throw new MethodError('unsupportedSort', 'no sort takes a collation');
  args.end();
  switch (property) {
    case 'emailId':
      return (a, b) => sign * (a.email - b.email);
    case 'threadId':
      return (a, b) => sign * (a.thread - b.thread);
    // RFC 8621 §7.3 names the property `sendAt` like this.
    case 'sentAt':
    case 'sendAt':
      return (a, b) => sign * (a.sendAtMs - b.sendAtMs);
    default:
      throw new MethodError('unsupportedSort', `submissions cannot be sorted by ${property.slice(0, 100)}`);
  }
}
