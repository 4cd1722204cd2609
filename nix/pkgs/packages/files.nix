# Data without programs: certificates, time zones, numbers, terminals, locales, kernels.
{ lib }:
let
  # A kernel's package depends on the one that has it, under a name with its version.
  imageOf =
    flavour: facts:
    let
      version = builtins.match ".*linux-image-([0-9][^ ,]*-${flavour}).*" (toString facts.depends);
      name =
        if version == null then
          throw "${facts.package} names no kernel in what it depends on"
        else
          builtins.head version;
    in
    {
      "bzImage" = "/boot/vmlinuz-${name}";
      "lib/modules" = "/usr/lib/modules";
      "System.map" = "/boot/System.map-${name}";
      "config" = "/boot/config-${name}";
    };

  kernel = flavour: {
    deb = "linux-image-${flavour}";
    pname = "linux";
    bin = [ ];
    links = imageOf flavour;
    license = "GPL-2.0-only";
    scripts = "covered";
    passthru = facts: {
      modDirVersion = baseNameOf (lib.removePrefix "/boot/vmlinuz-" (imageOf flavour facts).bzImage);
    };
  };
in
{
  # The bundle is made when a system is linked, of the single certificates in the package.
  cacert = {
    deb = "ca-certificates";
    pname = "nss-cacert";
    bin = [ ];
    links = {
      "etc/ssl/certs/ca-bundle.crt" = "/etc/ssl/certs/ca-certificates.crt";
      "etc/ssl/certs/ca-certificates.crt" = "/etc/ssl/certs/ca-certificates.crt";
    };
    license = "MPL-2.0";
    scripts = "covered";
  };
  glibcLocales = {
    deb = "locales-all";
    bin = [ ];
    links."lib/locale" = "/usr/lib/locale";
    license = "LGPL-2.1-or-later";
    scripts = "covered";
  };
  iana-etc = {
    deb = "netbase";
    bin = [ ];
    links = {
      "etc/protocols" = "/etc/protocols";
      "etc/services" = "/etc/services";
    };
    license = "GPL-2.0-only";
    scripts = "covered";
  };
  linux = kernel "amd64";
  linux_cloud = kernel "cloud-amd64";
  mailcap = {
    deb = "media-types";
    bin = [ ];
    links."etc/mime.types" = "/etc/mime.types";
    license = "LicenseRef-public-domain";
    scripts = "covered";
  };
  tzdata = {
    bin = [ ];
    links."share/zoneinfo" = "/usr/share/zoneinfo";
    license = "LicenseRef-public-domain";
    scripts = "covered";
  };
}
