value:
{ lib, ... }:
{
  x = value;
}
