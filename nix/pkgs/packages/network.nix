# Name servers, remote shells, transfers, and tools for the network.
{ lib }:
let
  owned = name: path: mode: {
    inherit path mode;
    user = name;
    group = name;
  };
  tool = deb: bin: license: {
    inherit deb bin license;
    scripts = "covered";
  };
in
{
  bind = {
    deb = "bind9";
    packages = [ "bind9-utils" ];
    bin = [
      "/usr/sbin/named"
      "/usr/sbin/rndc"
      "/usr/sbin/rndc-confgen"
      "/usr/bin/named-checkconf"
      "/usr/bin/named-checkzone"
    ];
    mainProgram = "named";
    license = "MPL-2.0";
    users.bind.home = "/var/cache/bind";
    groups.bind = { };
    directories = [
      (owned "bind" "/var/cache/bind" "0775")
      {
        path = "/var/lib/bind";
        mode = "0775";
        user = "root";
        group = "bind";
      }
    ];
    scripts = "covered";
  };
  certbot = {
    packages = [ "python3-certbot" ];
    bin = [ "/usr/bin/certbot" ];
    license = "Apache-2.0";
    scripts = "covered";
  };
  chrony = {
    bin = [
      "/usr/sbin/chronyd"
      "/usr/bin/chronyc"
    ];
    license = "GPL-2.0-only";
    users._chrony = {
      home = "/var/lib/chrony";
      description = "Chrony daemon";
    };
    groups._chrony = { };
    directories = [
      (owned "_chrony" "/var/lib/chrony" "0750")
      (owned "_chrony" "/var/log/chrony" "0750")
    ];
    scripts = "covered";
  };
  curl = tool "curl" [ "/usr/bin/curl" ] "curl" // {
    development = [ "libcurl4-openssl-dev" ];
  };
  dig = tool "bind9-dnsutils" [
    "/usr/bin/dig"
    "/usr/bin/nslookup"
    "/usr/bin/nsupdate"
  ] "MPL-2.0";
  dnsmasq = tool "dnsmasq-base" [ "/usr/sbin/dnsmasq" ] "GPL-2.0-only" // {
    users.dnsmasq = {
      group = "nogroup";
      home = "/var/lib/misc";
    };
    # Debian's is built with D-Bus; what does not use it does not load it.
    override =
      {
        dbusSupport ? true,
      }:
      { };
  };
  dropbear = tool "dropbear-bin" [
    "/usr/sbin/dropbear"
    "/usr/bin/dbclient"
    "/usr/bin/dropbearconvert"
    "/usr/bin/dropbearkey"
  ] "MIT";
  ethtool = tool "ethtool" [ "/usr/sbin/ethtool" ] "GPL-2.0-only";
  inetutils = tool "inetutils-tools" null "GPL-3.0-or-later";
  iproute2 = tool "iproute2" null "GPL-2.0-only" // {
    mainProgram = "ip";
  };
  iptables = tool "iptables" null "GPL-2.0-or-later" // {
    # Debian names the usual commands by alternatives.
    commands = {
      iptables = "/usr/sbin/iptables-nft";
      iptables-save = "/usr/sbin/iptables-nft-save";
      iptables-restore = "/usr/sbin/iptables-nft-restore";
      ip6tables = "/usr/sbin/ip6tables-nft";
      ip6tables-save = "/usr/sbin/ip6tables-nft-save";
      ip6tables-restore = "/usr/sbin/ip6tables-nft-restore";
    };
  };
  iputils = tool "iputils-ping" [ "/usr/bin/ping" ] "GPL-2.0-or-later" // {
    packages = [ "iputils-arping" ];
  };
  mosquitto = tool "mosquitto" null "EPL-2.0 OR BSD-3-Clause" // {
    packages = [ "mosquitto-clients" ];
    bin = [
      "/usr/sbin/mosquitto"
      "/usr/bin/mosquitto_passwd"
      "/usr/bin/mosquitto_ctrl"
      "/usr/bin/mosquitto_pub"
      "/usr/bin/mosquitto_sub"
      "/usr/bin/mosquitto_rr"
    ];
    users.mosquitto.home = "/var/lib/mosquitto";
    groups.mosquitto = { };
    directories = [
      (owned "mosquitto" "/var/lib/mosquitto" "0755")
      (owned "mosquitto" "/var/log/mosquitto" "0755")
    ];
  };
  nettools = tool "net-tools" null "GPL-2.0-or-later" // {
    packages = [ "hostname" ];
    mainProgram = "ifconfig";
  };
  nftables = tool "nftables" [ "/usr/sbin/nft" ] "GPL-2.0-only";
  nsd = tool "nsd" null "BSD-3-Clause" // {
    mainProgram = "nsd";
    users.nsd.home = "/var/lib/nsd";
    groups.nsd = { };
    directories = [ (owned "nsd" "/var/lib/nsd" "0755") ];
  };
  openssh = tool "openssh-server" [
    "/usr/bin/ssh"
    "/usr/sbin/sshd"
    "/usr/bin/scp"
    "/usr/bin/sftp"
    "/usr/bin/ssh-add"
    "/usr/bin/ssh-agent"
    "/usr/bin/ssh-copy-id"
    "/usr/bin/ssh-keygen"
    "/usr/bin/ssh-keyscan"
  ] "SSH-OpenSSH" // {
    pname = "openssh";
    packages = [
      "openssh-client"
      "openssh-sftp-server"
    ];
    links = {
      "etc/ssh/moduli" = "/etc/ssh/moduli";
      "etc/ssh/sshd_config" = "/usr/share/openssh/sshd_config";
      "libexec/sftp-server" = "/usr/lib/openssh/sftp-server";
      "libexec/sshd-session" = "/usr/lib/openssh/sshd-session";
      "libexec/ssh-keysign" = "/usr/lib/openssh/ssh-keysign";
    };
    users.sshd = {
      group = "nogroup";
      home = "/run/sshd";
      description = "sshd user";
    };
    groups._ssh = { };
  };
  openssl = tool "openssl" [ "/usr/bin/openssl" ] "Apache-2.0" // {
    links."etc/ssl/openssl.cnf" = "/etc/ssl/openssl.cnf";
    development = [ "libssl-dev" ];
  };
  openvpn = tool "openvpn" [ "/usr/sbin/openvpn" ] "GPL-2.0-only";
  rsync = tool "rsync" [ "/usr/bin/rsync" ] "GPL-3.0-or-later";
  socat = tool "socat" [ "/usr/bin/socat" ] "GPL-2.0-only" // {
    bin = [ ];
    commands.socat = "/usr/bin/socat1";
  };
  syncthing = tool "syncthing" [ "/usr/bin/syncthing" ] "MPL-2.0";
  tcpdump = tool "tcpdump" [ "/usr/bin/tcpdump" ] "BSD-3-Clause";
  unbound = tool "unbound" [
    "/usr/sbin/unbound"
    "/usr/sbin/unbound-checkconf"
    "/usr/sbin/unbound-control"
    "/usr/sbin/unbound-anchor"
  ] "BSD-3-Clause" // {
    packages = [
      "unbound-anchor"
      "dns-root-data"
    ];
    links."etc/unbound/root.key" = "/usr/share/dns/root.key";
    users.unbound.home = "/var/lib/unbound";
    groups.unbound = { };
    directories = [ (owned "unbound" "/var/lib/unbound" "0755") ];
  };
  wget = tool "wget" [ "/usr/bin/wget" ] "GPL-3.0-or-later";
  wireguard-tools = tool "wireguard-tools" [
    "/usr/bin/wg"
    "/usr/bin/wg-quick"
  ] "GPL-2.0-only";
}
