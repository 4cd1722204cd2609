# A server in Ruby, with all of its standard library.
{ pkgs, ... }:
{
  services.app.web = {
    program = "${pkgs.ruby}/bin/ruby";
    args = [
      "${pkgs.writeText "web.rb" ''
        require "socket"
        server = TCPServer.new(8080)
        loop do
          client = server.accept
          client.gets("\r\n\r\n")
          client.write("HTTP/1.0 200 OK\r\n\r\nIt runs.\n")
          client.close
        end
      ''}"
    ];
    ports = [ 8080 ];
  };
}
