# Mail.
{ lib }:
let
  directory = path: mode: user: group: {
    inherit
      path
      mode
      user
      group
      ;
  };
  spool = "/var/spool/postfix";
in
{
  dovecot = {
    deb = "dovecot-core";
    packages = [
      "dovecot-imapd"
      "dovecot-lmtpd"
      "dovecot-pop3d"
    ];
    bin = [
      "/usr/sbin/dovecot"
      "/usr/bin/doveadm"
      "/usr/bin/doveconf"
    ];
    links = {
      "lib/dovecot" = "/usr/lib/dovecot";
      "libexec/dovecot" = "/usr/lib/dovecot";
      "share/dovecot" = "/usr/share/dovecot";
    };
    license = "MIT AND LGPL-2.1-only";
    users = {
      dovecot = {
        home = "/usr/lib/dovecot";
        description = "Dovecot mail server";
      };
      dovenull.description = "Dovecot login user";
    };
    groups = {
      dovecot = { };
      dovenull = { };
    };
    directories = [ (directory "/etc/dovecot/private" "0700" "root" "root") ];
    override =
      {
        withPgSQL ? false,
        withMySQL ? false,
        withSQLite ? false,
        withLDAP ? false,
      }:
      {
        packages =
          lib.optional withPgSQL "dovecot-pgsql"
          ++ lib.optional withMySQL "dovecot-mysql"
          ++ lib.optional withSQLite "dovecot-sqlite"
          ++ lib.optional withLDAP "dovecot-ldap";
      };
    scripts = "covered";
  };
  msmtp = {
    bin = [ "/usr/bin/msmtp" ];
    commands.sendmail = "/usr/bin/msmtp";
    license = "GPL-3.0-or-later";
    groups.msmtp = { };
    scripts = "covered";
  };
  opensmtpd = {
    mainProgram = "smtpd";
    license = "ISC";
    users = {
      opensmtpd.home = "/var/lib/opensmtpd/empty";
      opensmtpq = { };
    };
    scripts = "covered";
  };
  postfix = {
    bin = [
      "/usr/bin/mailq"
      "/usr/bin/newaliases"
      "/usr/sbin/postalias"
      "/usr/sbin/postcat"
      "/usr/sbin/postconf"
      "/usr/sbin/postdrop"
      "/usr/sbin/postfix"
      "/usr/sbin/postkick"
      "/usr/sbin/postlock"
      "/usr/sbin/postlog"
      "/usr/sbin/postmap"
      "/usr/sbin/postmulti"
      "/usr/sbin/postqueue"
      "/usr/sbin/postsuper"
      "/usr/sbin/sendmail"
    ];
    links = {
      "etc/postfix" = "/etc/postfix";
      "lib/postfix" = "/usr/lib/postfix";
      "libexec/postfix" = "/usr/lib/postfix/sbin";
      "share/postfix" = "/usr/share/postfix";
    };
    mainProgram = "postfix";
    license = "IPL-1.0 OR EPL-2.0";
    users.postfix = {
      home = spool;
      description = "Postfix MTA";
    };
    groups = {
      postfix = { };
      postdrop = { };
    };
    modes = [
      (directory "/usr/sbin/postdrop" "2555" "root" "postdrop")
      (directory "/usr/sbin/postqueue" "2555" "root" "postdrop")
    ];
    directories = [
      (directory "/var/lib/postfix" "0755" "postfix" "postfix")
      (directory "${spool}/public" "2710" "postfix" "postdrop")
      (directory "${spool}/maildrop" "1730" "postfix" "postdrop")
      (directory "${spool}/pid" "0755" "root" "root")
    ]
    ++
      map (name: directory "${spool}/${name}" "0700" "postfix" "root") [
        "active"
        "bounce"
        "corrupt"
        "defer"
        "deferred"
        "flush"
        "hold"
        "incoming"
        "private"
        "saved"
        "trace"
      ];
    override =
      {
        withPgSQL ? false,
        withMySQL ? false,
        withSQLite ? false,
        withLDAP ? false,
      }:
      {
        packages =
          lib.optional withPgSQL "postfix-pgsql"
          ++ lib.optional withMySQL "postfix-mysql"
          ++ lib.optional withSQLite "postfix-sqlite"
          ++ lib.optional withLDAP "postfix-ldap";
      };
    scripts = "covered";
  };
}
