/** Variable with the directory of a PostgreSQL server's socket, on which the tests of this process keep their stores then. */
export const postgresVariable = 'GODWIT_TEST_POSTGRES';
