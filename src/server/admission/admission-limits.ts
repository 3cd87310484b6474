/** Limits of one process per network; triples are for IPv4 /32, /26, /21 and IPv6 /64, /48, /32. */
export const admissionLimits = {
  /** Connections of a protocol. */
  connectionsPerMinute: [300, 900, 2700],
  /** Connections of a protocol that are open. */
  openConnections: [30, 90, 270],
  /** Recipients that are refused because there are none of that name. */
  unknownRecipientsPerMinute: [30, 90, 270],
  unknownRecipientsPerDay: [1000, 3000, 9000],
} as const;
