# Sends with the Mail gem, as Rails does: HOST PORT USER PASSWORD SUBJECT.
require 'mail'

host, port, user, password, subject = ARGV
login = user.empty? ? {} : { user_name: user, password: password, authentication: 'login' }
Mail.defaults { delivery_method :smtp, { address: host, port: port.to_i, **login } }
Mail.deliver do
  from 'app@example.org'
  to 'someone@example.com'
  subject subject
  body 'Grüße'
  charset = 'UTF-8'
  content_type "text/plain; charset=#{charset}"
end
