/** Limits of what is kept and logged about conditions. */
export const conditionLimits = {
  /** A condition that goes on is logged once in so long, with the number of occurrences since. */
  repeatMs: 60_000,
  /** Subjects remembered; further ones are counted together. */
  maxSubjects: 200,
  /** Between two looks at the disk. */
  lookMs: 10_000,
  /** Between two tries to open a file, which show whether there are descriptors. */
  probeMs: 1000,
  /** Between two looks at the files and folders of the data. */
  filesMs: 1000,
  /** Accounts whose database file is looked for at each of these looks: all of 6,000 accounts within a minute. */
  accountsPerLook: 100,
  /** A disk that stays low is logged again after so long. */
  lowAgainMs: 24 * 60 * 60_000,
} as const;
