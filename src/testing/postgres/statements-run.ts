/** Text of every statement of the code that ran on PostgreSQL in this process. */
export const statementsRun = new Set<string>();
