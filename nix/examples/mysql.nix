{
  services.mysql = {
    enable = true;
    ensureDatabases = [ "app" ];
  };
  init.services.mysql.critical = true;
}
