# A server in Perl, with all of its standard library.
{ pkgs, ... }:
{
  services.app.web = {
    program = "${pkgs.perl}/bin/perl";
    args = [
      "${pkgs.writeText "web.pl" ''
        use strict;
        use IO::Socket::INET;
        my $server = IO::Socket::INET->new(LocalPort => 8080, Listen => 16, ReuseAddr => 1) or die $@;
        while (my $client = $server->accept) {
          while (defined(my $line = <$client>)) { last if $line eq "\r\n" }
          print $client "HTTP/1.0 200 OK\r\n\r\nIt runs.\n";
          close $client;
        }
      ''}"
    ];
    ports = [ 8080 ];
  };
}
