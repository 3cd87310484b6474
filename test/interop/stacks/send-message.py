"""Sends with Python's smtplib as its documentation does: HOST PORT USER PASSWORD SUBJECT."""
import smtplib
import sys
from email.message import EmailMessage

host, port, user, password, subject = sys.argv[1:]
message = EmailMessage()
message["From"] = "app@example.org"
message["To"] = "someone@example.com"
message["Subject"] = subject
message.set_content("Grüße")
with smtplib.SMTP(host, int(port)) as client:
    if user:
        client.login(user, password)
    client.send_message(message)
