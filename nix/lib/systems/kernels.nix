/** How kernels are built and what compilers are told, by processor; part of `lib.systems`. */
rec {
  generic = {
    name = "generic";
    baseConfig = "defconfig";
    autoModules = true;
    target = "vmlinux";
    DTB = false;
  };

  /** Kernels that differ from the generic one. */
  kernel =
    let
      pc = generic // {
        name = "pc";
        target = "bzImage";
      };
      arm = generic // {
        name = "arm-multiplatform";
        DTB = true;
        target = "zImage";
      };
    in
    {
      x86_64 = pc;
      i686 = pc;
      aarch64 = arm // {
        name = "aarch64-multiplatform";
        target = "Image";
      };
      armv7l = arm;
      riscv64 = generic // {
        name = "riscv-multiplatform";
        DTB = true;
        target = "Image";
      };
    };

  /** Options of GCC. */
  gcc = {
    armv7l = {
      arch = "armv7-a";
      fpu = "vfpv3-d16";
    };
    armv6l = {
      arch = "armv6";
      fpu = "vfp";
    };
    aarch64.arch = "armv8-a";
    riscv64 = {
      arch = "rv64gc";
      abi = "lp64d";
    };
  };
}
