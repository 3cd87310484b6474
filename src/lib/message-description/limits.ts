/** Bounds of a description. */
export const descriptionLimits = {
  /** Bytes of the part tree; a larger one is kept with its strings cut. */
  maxTreeBytes: 128 * 1024,
  /** Levels of the part tree that are read. `MimeIndexer` goes to 50. */
  maxDepth: 100,
};

/** See `descriptionLimits`. */
export type DescriptionLimits = Readonly<typeof descriptionLimits>;
