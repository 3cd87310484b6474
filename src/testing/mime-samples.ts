/** Messages for tests of MIME, by what is special about them. */
export const samples: Readonly<Record<string, string>> = {
  trace:
    'Received: from a by b; Mon, 1 Jan 2024\r\nReceived: from c by d\r\nReferences: <a@b>\r\n <c@d>\r\n' +
    'Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <x@y>\r\n\r\nGrüße\r\n',
  bareLf: 'Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n--b--\n',
  bareCr: 'Subject: x\rFrom: a@b\r\rbody\rbody',
  mixedBreaks: 'A: 1\r\nB: 2\nC: 3\r\r\nbody\n\rmore\r\n',
  noEnd: 'Subject: x\r\nTo: a@b, c@d',
  digest:
    'Content-Type: multipart/digest; boundary="=_d"\r\n\r\n--=_d\r\n\r\nSubject: 1\r\n\r\nx\r\n--=_d\r\n\r\nSubject: 2\r\n\r\ny\r\n--=_d--\r\n',
  nested:
    'MIME-Version: 1.0\r\nFrom: "A" <a@b>\r\nContent-Type: multipart/mixed;\r\n boundary="outer"\r\n\r\npreamble\r\n--outer\r\n' +
    'Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\nContent-Type: text/plain; charset=utf-8\r\n' +
    'Content-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n--inner\r\nContent-Type: text/html\r\n\r\n<p>x</p>\r\n' +
    '--inner--\r\nepilogue\r\n--outer\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename="a b.eml"\r\n\r\n' +
    'Subject: embedded\r\nContent-Type: multipart/mixed; boundary=deep\r\n\r\n--deep\r\n\r\n1\r\n--deep\r\n' +
    'Content-Type: image/gif\r\nContent-Transfer-Encoding: base64\r\n\r\nR0lG\r\n--deep--\r\n--outer--\r\n',
  junk: '\0\u0001:\r\n--\r\n\r\n--x--\r\n\0',
  dashesInHeader:
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n--c\r\n--bb\r\nContent-Type: text/html\r\n\r\nx\r\n--b--',
  longBoundaryLine: `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b${' '.repeat(1200)}\r\n--b${' '.repeat(900)}\r\n\r\nx\r\n--b--`,
};
