# One version of PHP. Extensions are packages of their own, besides those in php-common.
{ lib }:
version:
{
  deb = "php${version}-cli";
  packages = [
    "php${version}-common"
    "php${version}-fpm"
    "php${version}-opcache"
    "php${version}-readline"
  ];
  pname = "php";
  bin = [ ];
  commands = {
    php = "/usr/bin/php${version}";
    php-fpm = "/usr/sbin/php-fpm${version}";
    phar = "/usr/bin/phar${version}";
  };
  links = {
    "etc/php.ini" = "/usr/lib/php/${version}/php.ini-production";
    "etc/php-fpm.conf" = "/etc/php/${version}/fpm/php-fpm.conf";
    "lib/php" = "/usr/lib/php";
  };
  mainProgram = "php";
  license = "PHP-3.01";
  users.www-data = {
    uid = 33;
    home = "/var/www";
    description = "www-data";
  };
  groups.www-data.gid = 33;
  directories = [
    {
      path = "/var/lib/php/sessions";
      mode = "1733";
      user = "root";
      group = "root";
    }
    {
      path = "/run/php";
      mode = "0755";
      user = "www-data";
      group = "www-data";
    }
  ];
  # `extensions = [ "curl" "gd" ]` adds Debian's packages of these names.
  override =
    {
      extensions ? [ ],
    }:
    {
      packages = map (name: "php${version}-${name}") extensions;
    };
  scripts = "covered";
  passthru = _: { phpVersion = version; };
}
