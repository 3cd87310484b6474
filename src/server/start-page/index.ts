/** The area `start`: one page that says what is served here. Nothing on it needs a login, and it names no account. */
export { startPage } from './start-page.ts';
