"""Reads a message from standard input with Python's own parser, and prints what it finds as JSON."""
import base64
import email
import email.policy
import json
import sys

message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)


def addresses(name):
    return [[one.display_name, one.addr_spec] for one in message[name].addresses] if message[name] else None


def part(one):
    if one.is_multipart() and one.get_content_maintype() == "multipart":
        return {"type": one.get_content_type(), "parts": [part(child) for child in one.get_payload()]}
    if one.get_content_type() == "message/rfc822":
        return {"type": "message/rfc822", "subject": str(one.get_payload(0)["Subject"])}
    data = one.get_payload(decode=True)
    charset = one.get_content_charset()
    return {
        "type": one.get_content_type(),
        "name": one.get_filename(),
        "cid": one["Content-ID"],
        "disposition": one.get_content_disposition(),
        "text": data.decode(charset) if one.get_content_maintype() == "text" else None,
        "base64": base64.b64encode(data).decode(),
    }


defects = [str(defect) for one in message.walk() for defect in one.defects]
defects += [f"{name}: {defect}" for name in message.keys() for defect in message[name].defects]
print(
    json.dumps(
        {
            "subject": str(message["Subject"]),
            "from": addresses("From"),
            "to": addresses("To"),
            "date": message["Date"].datetime.isoformat(),
            "id": str(message["Message-ID"]),
            "root": part(message),
            "defects": defects,
        }
    )
)
