<?php
// Sends with Symfony Mailer, as Laravel does: HOST PORT USER PASSWORD SUBJECT.
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';

[, $host, $port, $user, $password, $subject] = $argv;
$login = $user === '' ? '' : rawurlencode($user) . ':' . rawurlencode($password) . '@';
$mailer = new Symfony\Component\Mailer\Mailer(Symfony\Component\Mailer\Transport::fromDsn("smtp://$login$host:$port"));
$mailer->send((new Symfony\Component\Mime\Email())
    ->from('app@example.org')
    ->to('someone@example.com')
    ->subject($subject)
    ->text('Grüße'));
