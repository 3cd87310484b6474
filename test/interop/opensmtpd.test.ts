import { startOpenSmtpd } from './opensmtpd.ts';
import { describePeer, needsRoot } from './programs.ts';
import { testRelay } from './relay-suite.ts';

// Each message needs two connections: one whose handshake fails, and one in clear.
describePeer('we send to OpenSMTPD, whose TLS fails', needsRoot('smtpd', 'smtpctl', 'unshare'), () => {
  testRelay({
    domain: 'opensmtpd.test',
    start: startOpenSmtpd,
    hasLogin: false,
    hasSmtpUtf8: false,
    repeatsDsnParameters: false,
    messagesAtOnce: 5,
    noSuchUser: /(?:550 Invalid recipient|524 5\.2\.4 .*<nobody@)/,
    comeBackLater: null,
    wrongPassword: /^535/,
  });
});
