{
  services.certbot = {
    enable = true;
    acceptTerms = true;
    domains."www.example.org" = {
      webroot = "/var/www";
      email = "me@example.org";
    };
  };
}
