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
  /** Accounts whose database file is looked for at each of these looks, some 30 µs each: all of 6,000 accounts within ten minutes. One that is opened is noticed at once. */
  accountsPerLook: 10,
  /** Looks from the beginning of one round of all accounts to that of the next at the least, so that a server with few of them does not ask for each every second. */
  looksPerRound: 60,
  /** A disk that stays low is logged again after so long. */
  lowAgainMs: 24 * 60 * 60_000,
} as const;
