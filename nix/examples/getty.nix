# A machine to log in on over its serial line.
{
  services.getty.ttyS0 = {
    baudrate = 115200;
    options.autologin = "root";
  };
}
