/**
 * Finds runs of text in content, four octets at a time: most of a large message is text between line ends, and examining each octet is the
 * largest cost of receiving it. Line endings themselves are up to the callers.
 */
export { TextRuns } from './text-runs.ts';
