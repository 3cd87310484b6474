/** Longest run of work that asks for pauses before others are served. A pause itself costs 2 to 5 µs. */
export const maxSliceMs = 1;
