# Java's own server of files.
{ pkgs, ... }:
{
  services.app.web = {
    program = "${pkgs.jre_headless}/bin/java";
    args = [
      "-m"
      "jdk.httpserver"
      "-b"
      "0.0.0.0"
      "-p"
      "8080"
      "-d"
      "${pkgs.writeTextDir "index.html" "It runs.\n"}"
    ];
    ports = [ 8080 ];
  };
}
