// Sends with Go's net/smtp as its documentation does: HOST PORT USER PASSWORD SUBJECT.
package main

import (
	"log"
	"net/smtp"
	"os"
)

func main() {
	host, port, user, password, subject := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	var auth smtp.Auth
	if user != "" {
		auth = smtp.PlainAuth("", user, password, host)
	}
	text := "From: app@example.org\r\nTo: someone@example.com\r\nSubject: " + subject + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n"
	if err := smtp.SendMail(host+":"+port, auth, "app@example.org", []string{"someone@example.com"}, []byte(text)); err != nil {
		log.Fatal(err)
	}
}
