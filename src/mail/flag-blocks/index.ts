/**
 * Flags, keywords and MODSEQs of messages: packed, one row for up to 256 neighbouring UIDs, so that a mailbox is opened by reading few rows
 * and a change of ten thousand messages writes forty (decision 0008). A message that just came is as its own row says (`first_flags`,
 * `first_keywords`, `create_modseq`) until a block speaks for it: with its first change, or when its block is full.
 * Invariant: a block speaks for all its messages up to `last_uid`, and only the last block of a mailbox may end before its end.
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
