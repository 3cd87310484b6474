# Sends with Perl's Email::Sender: HOST PORT USER PASSWORD SUBJECT.
use strict;
use warnings;
use Email::Sender::Simple qw(sendmail);
use Email::Sender::Transport::SMTP;
use Email::Simple;

my ($host, $port, $user, $password, $subject) = @ARGV;
my $email = Email::Simple->create(
  header => [From => 'app@example.org', To => 'someone@example.com', Subject => $subject, 'Content-Type' => 'text/plain; charset=utf-8'],
  body => "Gr\xc3\xbc\xc3\x9fe\n",
);
my %login = $user eq '' ? () : (sasl_username => $user, sasl_password => $password);
sendmail($email, { transport => Email::Sender::Transport::SMTP->new({ host => $host, port => $port, %login }) });
