"""Sends with smtplib. Arguments: port, certificate file, user, password, mode; the message comes on standard input."""
import smtplib
import ssl
import sys

port, certificate, user, password, mode = sys.argv[1:6]
mail = sys.stdin.buffer.read()
context = ssl.create_default_context(cafile=certificate)

if mode == "tls":
    client = smtplib.SMTP_SSL("localhost", int(port), context=context)
else:
    client = smtplib.SMTP("localhost", int(port))
client.set_debuglevel(1)
with client:
    if mode == "starttls":
        client.starttls(context=context)
    client.ehlo("client.example")
    if mode in ("plain", "login", "cram-md5"):
        client.user, client.password = user, password
        mechanism = mode.upper()
        client.auth(mechanism, getattr(client, "auth_" + mode.replace("-", "_")))
    else:
        client.login(user, password)
    options = ["BODY=8BITMIME", "RET=HDRS", "ENVID=python-1"]
    refused = client.sendmail(user, [user], mail, options, ["NOTIFY=FAILURE,DELAY"])
    assert refused == {}, refused
    assert client.verify(user)[0] == 252
    assert client.noop()[0] == 250
    assert client.rset()[0] == 250
