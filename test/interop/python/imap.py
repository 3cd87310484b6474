"""Reads and writes with imaplib. Arguments: port, certificate file, user, password, mode; a message comes on standard input."""
import imaplib
import ssl
import sys

port, certificate, user, password, mode = sys.argv[1:6]
mail = sys.stdin.buffer.read()
context = ssl.create_default_context(cafile=certificate)


def ok(answer):
    assert answer[0] == "OK", answer
    return answer[1]


if mode == "tls":
    client = imaplib.IMAP4_SSL("localhost", int(port), ssl_context=context)
else:
    client = imaplib.IMAP4("localhost", int(port))
if mode == "starttls":
    ok(client.starttls(ssl_context=context))
if mode == "cram-md5":
    ok(client.login_cram_md5(user, password))
elif mode == "plain":
    ok(client.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode()))
else:
    ok(client.login(user, password))

box = f"Python-{mode}"
ok(client.create(box))
ok(client.subscribe(box))
assert any(box.encode() in line for line in ok(client.lsub()))
assert any(b"INBOX" in line for line in ok(client.list()))
assert ok(client.namespace())[0].startswith(b"((")
for flags in ("\\Seen", "\\Flagged $Todo", ""):
    ok(client.append(box, flags, '"29-Feb-2020 12:34:56 +0100"', mail))
assert ok(client.select(box)) == [b"3"]
assert ok(client.search(None, "UNSEEN")) == [b"2 3"]
assert ok(client.search(None, "KEYWORD", "$Todo")) == [b"2"]
assert ok(client.uid("SEARCH", "SUBJECT", '"imaplib"')) == [b"1 2 3"]
client.literal = "Boxkämpfer".encode()
assert ok(client.search("UTF-8", "BODY")) == [b"1 2 3"]

fetched = ok(client.fetch("1", "(UID INTERNALDATE RFC822.SIZE BODY.PEEK[])"))
assert fetched[0][1] == mail, fetched
assert b"RFC822.SIZE %d" % len(mail) in fetched[0][0], fetched
assert b'INTERNALDATE "29-Feb-2020 ' in fetched[0][0], fetched
assert ok(client.fetch("1", "BODY.PEEK[]<2.5>"))[0][1] == mail[2:7]
assert b'"imaplib' in ok(client.fetch("2", "(ENVELOPE BODYSTRUCTURE FLAGS)"))[0]
assert b"\\Answered" in ok(client.store("1", "+FLAGS", "(\\Answered)"))[0]
ok(client.store("1,3", "+FLAGS.SILENT", "(\\Deleted)"))
ok(client.copy("2", "Archive"))
assert ok(client.expunge()) == [b"1", b"2"]
assert ok(client.fetch("1:*", "(FLAGS)"))[0].startswith(b"1 (FLAGS (")
assert b"MESSAGES 1" in ok(client.status(box, "(MESSAGES UIDNEXT UIDVALIDITY)"))[0]
ok(client.close())
ok(client.rename(box, f"{box}-new"))
ok(client.delete(f"{box}-new"))
assert client.select(f"{box}-new")[0] == "NO"
try:
    client.xatom("NONSENSE")
    raise SystemExit("NONSENSE was accepted")
except imaplib.IMAP4.error:
    pass
ok(client.noop())
ok(client.enable("UTF8=ACCEPT"))
ok(client.create(f'"Größe & {mode}"'))
assert any(f'"Größe & {mode}"'.encode() in line for line in ok(client.list()))
if sys.version_info >= (3, 14):
    ok(client.select("INBOX"))
    with client.idle(duration=1) as idler:
        list(idler)
assert client.logout()[0] == "BYE"
