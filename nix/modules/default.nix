/**
  Every module of the distribution, in reading order: what a system is, what runs in it, services.

  All are always imported. A service that is not enabled costs an evaluation nothing but its options.
*/
[
  ./system/assertions.nix
  ./system/name.nix
  ./system/files.nix
  ./system/link.nix
  ./system/image.nix
  ./system/toplevel.nix
  ./nixpkgs.nix
  ./environment.nix
  ./users.nix
  ./networking.nix
  ./time.nix
  ./certificates.nix
  ./iana.nix
  ./fstab.nix
  ./nix.nix
  ./init/services.nix
  ./init/backends.nix
  ./init/nixng.nix
  ./services/app.nix
  ./services/dnsmasq.nix
  ./services/nginx.nix
  ./services/redis.nix
]
