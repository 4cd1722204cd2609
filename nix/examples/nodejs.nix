# A server in JavaScript.
{ pkgs, ... }:
{
  services.app.web = {
    program = "${pkgs.nodejs}/bin/node";
    args = [
      "${pkgs.writeText "web.js" ''
        const page = (request, response) => response.end("It runs.\n");
        require("node:http").createServer(page).listen(8080);
      ''}"
    ];
    ports = [ 8080 ];
  };
}
