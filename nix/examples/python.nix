# A server in Python, with all of its standard library.
{ pkgs, ... }:
{
  services.app.web = {
    program = "${pkgs.python3}/bin/python3";
    args = [
      "-u"
      "${pkgs.writeText "web.py" ''
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

        class Page(BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"It runs.\n")

        ThreadingHTTPServer(("", 8080), Page).serve_forever()
      ''}"
    ];
    ports = [ 8080 ];
  };
  environment.systemPackages = [ pkgs.python3 ];
}
