# Sends with Ruby's Net::SMTP: HOST PORT USER PASSWORD SUBJECT.
require 'net/smtp'

host, port, user, password, subject = ARGV
text = "From: app@example.org\nTo: someone@example.com\nSubject: #{subject}\nContent-Type: text/plain; charset=utf-8\n\nGrüße\n"
login = user.empty? ? [] : [user, password, :plain]
Net::SMTP.start(host, port.to_i, 'localhost', *login) do |smtp|
  smtp.send_message text, 'app@example.org', 'someone@example.com'
end
