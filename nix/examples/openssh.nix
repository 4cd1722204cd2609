# Somewhere to log in.
{
  services.openssh = {
    enable = true;
    authorizedKeys.guest = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl you@example"
    ];
  };
  users.users.guest = {
    isNormalUser = true;
    hashedPassword = "*";
  };
  init.services.sshd.critical = true;
}
