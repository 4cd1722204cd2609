# Systems of made-up packages, each about something that a link decides.
let
  frazil = builtins.frazil.source;
  lib = import "${frazil}/lib";
  nglib = import "${frazil}/nglib" { inherit lib; };
  # As a lock would have it: in the store.
  source = builtins.path {
    path = ./suite;
    name = "source";
  };
  pkgs = import source { inherit frazil source; };
  system = systemFor "x86_64-linux";
  systemFor =
    machine: config:
    (nglib.makeSystem {
      nixpkgs = {
        inherit lib;
        legacyPackages.${machine} = pkgs;
      };
      name = "made-up";
      system = machine;
      config = {
        imports = [
          config
          {
            init.services.app = {
              enabled = true;
              execStart = "${pkgs.debian.app}/bin/app --config=/etc/app.conf";
            };
          }
        ];
      };
    }).config.system.build.toplevel;
  linked = link: system { system.link = link; };
  authority = "-----BEGIN CERTIFICATE-----\nours\n-----END CERTIFICATE-----";
in
{
  plain = system { };
  packages = linked { level = "packages"; };
  declared = linked { level = "declared"; };
  unit = linked { units.libone1.level = "packages"; };
  kept = linked {
    keep = [ "/usr/share/app/extra/*" ];
    bins = [ "app-tool" ];
    locales = [ "de" ];
    setId = [ "/usr/bin/app-helper" ];
  };
  without = linked {
    without = [ "/usr/lib/app/plugin.so" ];
    capabilities.shell = false;
  };
  trimmed = system {
    image.trim = {
      documentation = false;
      translations = false;
      licenses = true;
    };
  };
  machine = system {
    init.mode = "vm";
    networking.interfaces.eth0.useDHCP = true;
    fstab.entries."/data" = {
      device = "/dev/vda";
      type = "ext4";
    };
    users.users.root.hashedPasswordFile = "/data/root";
  };
  alternative = linked {
    bins = [ "awk" ];
    alternatives.awk = "/usr/bin/mawk";
    packages = [ pkgs.debian.mawk ];
  };
  conflict = linked {
    packages = [ pkgs.debian.rival ];
    keep = [ "/usr/share/rival/x" ];
    units.rival.level = "packages";
  };
  broken = system {
    init.services.broken = {
      enabled = true;
      execStart = "${pkgs.debian.broken}/bin/broken";
    };
  };
  presented = system {
    users.users.somebody = {
      uid = 1000;
      group = "users";
    };
    image = {
      user = "1000";
      workingDir = "/srv/work";
      volumes = [
        "/data"
        "/etc"
        "/bin/below-a-link"
      ];
      healthcheck = {
        command = [ "${pkgs.debian.app}/bin/app" ];
        interval = 1.5;
        retries = 2;
      };
      stopSignal = "SIGQUIT";
      tag = "v1";
    };
  };
  foreign = systemFor "aarch64-linux" { };
  unknown = linked { units.nowhere.level = "packages"; };
  in-place = system {
    system.files."/bin/app-tool".link = "${pkgs.debian.app}/bin/app-tool";
  };
  loop = system { environment.etc.here.source = "/etc/here"; };
  nested = system {
    environment.etc.foo.text = "x";
    environment.etc."foo/bar".text = "y";
  };
  copied = system {
    environment.etc.tool = {
      source = "${pkgs.debian.app}/bin/app-tool";
      mode = "0644";
    };
  };
  stranger = system {
    environment.etc.passwords = {
      source = "/etc/passwd";
      mode = "0644";
    };
  };
  trusting = system {
    security.ca = {
      certificates = [ authority ];
      certificateFiles = [ (builtins.toFile "our.pem" authority) ];
      certificateBlacklist = [ "Bad (Gold) Root" ];
    };
  };
  distrusting = system { security.ca.certificateBlacklist = [ "Gone Root" ]; };
  not-pem = system { security.ca.certificates = [ "-----BEGIN CERTIFICATE-----\nhalf" ]; };
  people = system {
    users.users = {
      bob = {
        isNormalUser = true;
        shell = "${pkgs.debian.mawk}/bin/mawk";
      };
      nobody-in-particular.shell = "/bin/absent";
    };
  };
  no-shell = system {
    users.users.bob = {
      isNormalUser = true;
      shell = "/bin/zsh";
    };
  };
  no-member = system { users.groups.wheel.members = [ "ghost" ]; };
  wish = linked { keep = [ "/usr/share/nowhere/*" ]; };
}
