/**
 * The header fields that clients list and search, packed by mailbox in the order of UIDs: a block of up to about two thousand messages has
 * one row for each field, so that a search of subjects reads subjects and nothing else. Blocks are made of descriptions when a mailbox is first
 * listed or searched, never at delivery, and can be thrown away at any time: they repeat what descriptions say (decisions/0013 and 0017).
 */
export { cachedFieldCode, RowCode } from './cached-fields.ts';
export { FieldKind, type FieldColumn, type HeaderBlock } from './header-block.ts';
export { FieldPicker } from './field-picker.ts';
export { HeaderCache, type DamagedBlock, type ListTexts } from './header-cache.ts';
export { dropHeaderBlocks } from './block-rows.ts';
export { RowMemory } from './row-memory.ts';
export { headerCacheLimits } from './limits.ts';
