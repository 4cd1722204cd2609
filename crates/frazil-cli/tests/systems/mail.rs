//! Mail: in over SMTP, out over IMAP.

use crate::example::Example;
use crate::wire::Wire;

/// Reads lines until one begins with the tag or code, and returns that one.
fn until(wire: &mut Wire, start: &str) -> String {
    loop {
        let line = wire.line();
        if line.starts_with(start) || line.is_empty() {
            return line;
        }
    }
}

/// Mail to a user of the system, by an alias, arrives in the user's mailbox.
#[test]
fn postfix() {
    Example::of("postfix").used(|system| {
        let mut smtp = Wire::to(system, 25);
        assert_eq!(smtp.line(), "220 mail.example.org ESMTP Postfix");
        smtp.say("EHLO client.example\r\n");
        assert!(until(&mut smtp, "250 ").starts_with("250 "));
        smtp.ask("MAIL FROM:<me@client.example>\r\n", "250 2.1.0 Ok");
        smtp.say("RCPT TO:<absent@mail.example.org>\r\n");
        assert!(smtp.line().contains("User unknown in local recipient table"));
        smtp.ask("RCPT TO:<postmaster@mail.example.org>\r\n", "250 2.1.5 Ok");
        smtp.say("DATA\r\n");
        assert!(smtp.line().starts_with("354 "));
        smtp.say("Subject: it\r\n\r\nIt runs.\r\n.\r\n");
        assert!(smtp.line().starts_with("250 2.0.0 Ok: queued"));
        let mailbox = system.path("/var/mail/root");
        let mail = system.wait_for(|| {
            std::fs::read_to_string(&mailbox).map_err(|why| format!("{mailbox:?}: {why}"))
        });
        assert!(mail.contains("Subject: it") && mail.contains("It runs."), "{mail}");
        system.wait_for(|| match system.run(&["mailq"])?.as_str() {
            "Mail queue is empty\n" => Ok(()),
            queue => Err(queue.to_owned()),
        });
        // From within, by the program that belongs to a group of its own.
        let sent = system.run(&["sendmail", "-bv", "root@mail.example.org"]);
        assert!(sent.unwrap().contains("Mail Delivery Status Report will be mailed"));
    });
}

#[test]
fn dovecot() {
    Example::of("dovecot").used(|system| {
        let mut imap = Wire::to(system, 143);
        assert!(imap.line().starts_with("* OK"));
        imap.say("a LOGIN me wrong\r\n");
        assert!(until(&mut imap, "a ").starts_with("a NO"));
        imap.say("b LOGIN me secret\r\n");
        assert!(until(&mut imap, "b ").starts_with("b OK"));
        imap.say("c APPEND INBOX {24+}\r\nSubject: it\r\n\r\nIt runs.\r\n");
        assert!(until(&mut imap, "c ").starts_with("c OK"));
        imap.say("d SELECT INBOX\r\n");
        assert!(until(&mut imap, "d ").starts_with("d OK"));
        imap.say("e FETCH 1 BODY[TEXT]\r\n");
        until(&mut imap, "* 1 FETCH");
        assert_eq!(imap.line(), "It runs.)");
    });
}
