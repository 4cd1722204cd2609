/** How the source of a package came about, for `meta.sourceProvenance`. */
{ lib }:
lib.mapAttrs (shortName: isSource: { inherit shortName isSource; }) {
  fromSource = true;
  binaryNativeCode = false;
  binaryBytecode = false;
  binaryFirmware = false;
  obfuscatedCode = false;
}
