/**
 * Flags, keywords and MODSEQs of messages: packed, one row for up to 256 neighbouring UIDs, so that opening a mailbox reads few rows and
 * changing ten thousand messages writes forty (decision 0008). The state of a new message is in its own row (`first_flags`, `first_keywords`,
 * `create_modseq`) until a block covers it: after its first change, or when its block is full.
 * Invariant: a block covers all its messages up to `last_uid`, and only the last block of a mailbox may cover less than its range.
 */
export { FlagBlock, type BlockEntry, type BlockSet } from './flag-block.ts';
export {
  blockOf,
  FlagsDamaged,
  lastBlockUid,
  selectChangedBlocks,
  writeBlock,
  type StoredBlock,
} from './flag-block-rows.ts';
export {
  blocksOfUids,
  packBlocks,
  pushStates,
  removeStates,
  selectFirstStates,
  selectStates,
  StateFinder,
  wholeBlocks,
  type FirstState,
} from './flag-states.ts';
export { rebuildBlocks, type RebuiltBlock } from './rebuild.ts';
