/**
 * Runs of text in content, found four octets at a time: most of a large message is text between line ends, and looking at each octet of it is what
 * receiving it costs most. Nothing here knows what a line is.
 */
export { TextRuns } from './text-runs.ts';
