import { startOpenSmtpd } from './opensmtpd.ts';
import { describePeer, needsRoot } from './programs.ts';
import { testRelay } from './relay-suite.ts';

// Each connection in plaintext comes after one whose handshake fails.
describePeer('we send to OpenSMTPD, whose TLS fails', needsRoot('smtpd', 'smtpctl', 'unshare'), () => {
  testRelay({
    domain: 'opensmtpd.test',
    start: startOpenSmtpd,
    hasLogin: false,
    hasSmtpUtf8: false,
    repeatsDsnParameters: false,
    noSuchUser: /(?:550 Invalid recipient|524 5\.2\.4 .*<nobody@)/,
    comeBackLater: null,
    wrongPassword: /^transport wrong is paused, .*: 535/,
  });
});
