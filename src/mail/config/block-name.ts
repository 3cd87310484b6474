import { z } from 'zod';
import { wording } from './wording.ts';

/** Schema of the names that operators give to listeners and transports. */
export const blockName = z
  .string()
  .regex(/^[a-z0-9-]+$/, wording('must have only a-z, 0-9 and "-"', 'Rename it, such as to mail-1'));
