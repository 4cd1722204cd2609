# PHP's own server, for trying things out.
{ pkgs, ... }:
{
  services.app.web = {
    program = "${pkgs.php}/bin/php";
    args = [
      "-S"
      "0.0.0.0:8080"
      "-t"
      "${pkgs.writeTextDir "index.php" "<?php echo 'It runs.', PHP_EOL;\n"}"
    ];
    ports = [ 8080 ];
  };
}
