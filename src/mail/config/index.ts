/**
 * Configuration as text and as checked values: schemas of `server.yaml` and `domains.yaml`, problems with their position, edits that keep comments.
 * Nothing here reads or writes files (see #server/configuration). A Config is immutable; a session keeps the one with which it started.
 */
export { parseConfigFiles, parseServerFile, type Config } from './config.ts';
export { describeConfig, configJsonSchema } from './describe.ts';
export { dataDirectoryOf } from './data-directory.ts';
export { decodeConfigFile } from './decode-file.ts';
export {
  ConfigError,
  fileTooLarge,
  formatProblem,
  problemInFile,
  wholeFile,
  type ConfigFile,
  type ConfigProblem,
} from './document.ts';
export type { DkimConfig } from './dkim-schema.ts';
export type { DomainsConfig } from './domains-schema.ts';
export { EditRefused } from './edit.ts';
export { editDomains, type DomainsEdit } from './edit-domains.ts';
export { exampleDomains, exampleSendmail, exampleServer } from './example.ts';
export { parseSendmailConfig, sendmailProblem, sendmailSpool, type SendmailSettings } from './sendmail.ts';
export { directName } from './check-routes.ts';
export { queueDefaults } from './queue-schema.ts';
export type { RouteConfig } from './routes-schema.ts';
export type { RelayConfig, TransportConfig } from './transports-schema.ts';
export type { ListenerConfig, ServerConfig } from './server-schema.ts';
