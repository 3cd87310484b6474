import { invalidArgument, MethodError, type JsonObject } from '#lib/jmap';
import type { JmapMethod } from '#proto/jmap-server';
import { submissionIds } from './ids.ts';
import { submissionObject, submissionProperties } from './email-submission-object.ts';
import { accountOf, getResponse, idsOf, propertiesOf, type MailContext } from './mail-context.ts';
import { submissionUri } from './submission-capability.ts';

/** Changes that one call reports unless the client wants fewer. */
const usualChanges = 1000;

/** EmailSubmission/get (RFC 8621 §7.1). */
export const emailSubmissionGet: JmapMethod<MailContext> = {
  name: 'EmailSubmission/get',
  capability: submissionUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const ids = idsOf(args, context);
    const names = propertiesOf(args, (name) => submissionProperties.includes(name), submissionProperties);
    args.end();
    const rows = ids?.flatMap((id) => submissionIds.read(id) ?? []) ?? null;
    const { state, submissions } = await context.sending.submissions.list(account.id, rows);
    if (ids === null && submissions.length > context.limits.maxObjectsInGet)
      throw new MethodError(
        'requestTooLarge',
        'the account has more submissions than that: name those that are wanted',
      );
    const byId = new Map(submissions.map((submission) => [submissionIds.write(submission.id), submission]));
    const wanted = ids ?? [...byId.keys()];
    const list: JsonObject[] = [];
    for (const id of wanted) {
      const submission = byId.get(id);
      if (submission !== undefined) list.push(await submissionObject(submission, names, context));
      const pause = account.loop.pause();
      if (pause !== null) await pause;
    }
    return getResponse(
      context,
      String(state),
      list,
      wanted.filter((id) => !byId.has(id)),
    );
  },
};

/** EmailSubmission/changes (RFC 8621 §7.2). */
export const emailSubmissionChanges: JmapMethod<MailContext> = {
  name: 'EmailSubmission/changes',
  capability: submissionUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const since = args.text('sinceState');
    const most = args.unsigned('maxChanges', usualChanges);
    args.end();
    if (most === 0) throw invalidArgument('maxChanges', 'a number over 0 is expected');
    // A state between two pages has that of the first page as well.
    const [, state, known = state] = /^(0|[1-9]\d{0,14})(?:-(0|[1-9]\d{0,14}))?$/.exec(since) ?? [];
    const page = { since: Number(state), known: Number(known) };
    const changes =
      state === undefined
        ? null
        : await context.sending.submissions.changesSince(
            account.id,
            page.since,
            Math.min(most, usualChanges),
            page.known,
          );
    if (changes === null)
      throw new MethodError('cannotCalculateChanges', 'this state is too old, or the account never had it');
    const [created, updated, destroyed] = [changes.created, changes.updated, changes.destroyed].map((ids) =>
      ids.map((id) => submissionIds.write(id)),
    );
    return {
      accountId: context.accountId,
      oldState: since,
      newState: changes.isPartial ? `${changes.upTo}-${page.known}` : String(changes.upTo),
      hasMoreChanges: changes.isPartial,
      created: created ?? [],
      updated: updated ?? [],
      destroyed: destroyed ?? [],
    };
  },
};
