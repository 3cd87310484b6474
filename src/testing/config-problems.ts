import { ConfigError, formatProblem, parseServerFile } from '#mail/config';

/** Returns the problems of the text of a `server.yaml` as they are printed; none when it is right. */
export function serverFileProblems(text: string): string[] {
  try {
    parseServerFile({ file: 'server.yaml', text });
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(formatProblem);
  }
}
