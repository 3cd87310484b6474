# Sends with Perl's Net::SMTP: HOST PORT USER PASSWORD SUBJECT.
use strict;
use warnings;
use Net::SMTP;

my ($host, $port, $user, $password, $subject) = @ARGV;
my $smtp = Net::SMTP->new($host, Port => $port) or die "no connection: $@";
if ($user ne '') { $smtp->auth($user, $password) or die $smtp->message }
$smtp->mail('app@example.org') or die $smtp->message;
$smtp->to('someone@example.com') or die $smtp->message;
$smtp->data("From: app\@example.org\nTo: someone\@example.com\nSubject: $subject\nContent-Type: text/plain; charset=utf-8\n\nGr\xc3\xbc\xc3\x9fe\n") or die $smtp->message;
$smtp->quit;
