// Sends with JavaMail, as Spring does: HOST PORT USER PASSWORD SUBJECT.
import java.util.Properties;
import javax.mail.Message;
import javax.mail.Session;
import javax.mail.Transport;
import javax.mail.internet.InternetAddress;
import javax.mail.internet.MimeMessage;

public class Send {
  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.put("mail.smtp.host", args[0]);
    properties.put("mail.smtp.port", args[1]);
    properties.put("mail.smtp.auth", String.valueOf(!args[2].isEmpty()));
    MimeMessage message = new MimeMessage(Session.getInstance(properties));
    message.setFrom(new InternetAddress("app@example.org"));
    message.setRecipient(Message.RecipientType.TO, new InternetAddress("someone@example.com"));
    message.setSubject(args[4], "UTF-8");
    message.setText("Gr\u00fc\u00dfe", "UTF-8");
    if (args[2].isEmpty()) Transport.send(message);
    else Transport.send(message, args[2], args[3]);
  }
}
