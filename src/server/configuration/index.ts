/**
 * The configuration folder: reads `server.yaml` and `domains.yaml`, notices edits, makes changes of its own, and hands out immutable snapshots.
 * A wrong file never replaces a right one: the old snapshot stays in force and the problem is logged.
 */
export { configThreadFile, type ConfigAnswer, type ConfigJob } from './config-jobs.ts';
export { Configuration, configuredPath, writeSchemas, type ConfigurationDeps } from './configuration.ts';
export { findDataDirectory } from './data-directory.ts';
export { readConfigFile, type ConfigFileName } from './config-files.ts';
