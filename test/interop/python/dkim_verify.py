"""Verifies all signatures of the message on standard input with dkimpy. Arguments: name=record of each key. Prints a line for each signature."""
import sys

import dkim

message = sys.stdin.buffer.read()
records = dict(argument.split("=", 1) for argument in sys.argv[1:])


def lookup(name, timeout=5):
    return records[name.decode().rstrip(".")].encode()


verifier = dkim.DKIM(message)
count = message.split(b"\r\n\r\n", 1)[0].lower().count(b"dkim-signature:")
for index in range(count):
    valid = verifier.verify(idx=index, dnsfunc=lookup)
    algorithm = verifier.signature_fields[b"a"].decode()
    print(algorithm, verifier.domain.decode(), "pass" if valid else "fail")
