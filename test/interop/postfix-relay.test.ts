import { startPostfixRelay } from './postfix-relay.ts';
import { describePeer, needsRoot } from './programs.ts';
import { testRelay } from './relay-suite.ts';

describePeer('we send through Postfix, with logins by Dovecot', needsRoot('postfix', 'dovecot'), () => {
  testRelay({
    domain: 'postfix-relay.test',
    start: startPostfixRelay,
    hasLogin: true,
    hasSmtpUtf8: true,
    repeatsDsnParameters: true,
    noSuchUser: /550[ -]5\.1\.1 <nobody@\S+>: .*User unknown/,
    comeBackLater: /^450[ -]4\.7\.1 .*come back later/,
    wrongPassword: /^transport wrong is paused, .*: 535[ -]5\.7\.8 /,
  });
});
