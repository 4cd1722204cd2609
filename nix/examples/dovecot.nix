{
  services.dovecot = {
    enable = true;
    settings = {
      protocols = "imap";
      mail_driver = "maildir";
      mail_path = "/var/mail/%{user}";
      auth_allow_cleartext = true;
      passdb.static = {
        password = "secret";
      };
      userdb.static.fields."" = {
        uid = "vmail";
        gid = "vmail";
        home = "/var/mail/%{user}";
      };
    };
  };
  init.services.dovecot.critical = true;
}
