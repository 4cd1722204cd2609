# Containers, images and machines.
{ lib }:
let
  tool = deb: program: license: {
    inherit deb license;
    mainProgram = program;
    scripts = "covered";
  };
in
{
  buildah = tool "buildah" "buildah" "Apache-2.0";
  crun = tool "crun" "crun" "GPL-2.0-or-later";
  erofs-utils = tool "erofs-utils" "mkfs.erofs" "GPL-2.0-or-later";
  mtools = tool "mtools" "mtools" "GPL-3.0-or-later";
  podman = tool "podman" "podman" "Apache-2.0";
  qemu_kvm = tool "qemu-system-x86" "qemu-system-x86_64" "GPL-2.0-only";
  runc = tool "runc" "runc" "Apache-2.0";
  skopeo = tool "skopeo" "skopeo" "Apache-2.0";
  squashfsTools = tool "squashfs-tools" "mksquashfs" "GPL-2.0-or-later";
  umoci = tool "umoci" "umoci" "Apache-2.0";
  xorriso = tool "xorriso" "xorriso" "GPL-3.0-or-later";
}
