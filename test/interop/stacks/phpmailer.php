<?php
// Sends with PHPMailer: HOST PORT USER PASSWORD SUBJECT.
require '/usr/share/php/libphp-phpmailer/autoload.php';

[, $host, $port, $user, $password, $subject] = $argv;
$mail = new PHPMailer\PHPMailer\PHPMailer(true);
$mail->isSMTP();
$mail->Host = $host;
$mail->Port = (int) $port;
$mail->SMTPAuth = $user !== '';
$mail->Username = $user;
$mail->Password = $password;
$mail->CharSet = 'UTF-8';
$mail->setFrom('app@example.org', 'App');
$mail->addAddress('someone@example.com');
$mail->Subject = $subject;
$mail->Body = 'Grüße';
$mail->send();
