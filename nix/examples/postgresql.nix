# A database with a user who owns it.
{
  services.postgresql = {
    enable = true;
    enableTCPIP = true;
    authentication = "host all all 0.0.0.0/0 scram-sha-256";
    ensureDatabases = [ "app" ];
    ensureUsers = [
      {
        name = "app";
        ensureDBOwnership = true;
      }
    ];
  };
  init.services.postgresql.critical = true;
  # Compiles queries with LLVM, which is larger than all the rest.
  system.link.without = [ "/usr/lib/postgresql/*/lib/llvmjit.so" ];
}
