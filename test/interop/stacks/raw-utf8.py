"""Sends UTF-8 that was neither encoded nor announced: HOST PORT USER PASSWORD SUBJECT."""
import smtplib
import sys

host, port, user, password, subject = sys.argv[1:]
text = f"From: app@example.org\nTo: Jürgen <someone@example.com>\nSubject: {subject}\n\nGrüße\n"
with smtplib.SMTP(host, int(port), local_hostname="web_1.app_default") as client:
    if user:
        client.login(user, password)
    client.sendmail("app", ["someone@example.com"], text.encode())
