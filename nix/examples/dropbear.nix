{
  services.dropbear = {
    enable = true;
    authorizedKeys.root = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl you@example"
    ];
  };
  init.services.dropbear.critical = true;
}
