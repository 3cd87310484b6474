import { startExim } from './exim.ts';
import { describePeer, needsRoot } from './programs.ts';
import { testRelay } from './relay-suite.ts';

describePeer('we send to Exim, and through it', needsRoot('exim4', 'unshare'), () => {
  testRelay({
    domain: 'exim.test',
    start: startExim,
    hasLogin: true,
    hasSmtpUtf8: true,
    repeatsDsnParameters: true,
    noSuchUser: /550[ -]5\.1\.1 nobody@\S+: no such mailbox/,
    comeBackLater: /^451[ -]4\.7\.1 come back later/,
    wrongPassword: /^transport wrong is paused, .*: 535[ -]/,
  });
});
