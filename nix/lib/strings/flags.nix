/** Flags of configure scripts, CMake and Meson; part of `lib.strings`. */
{ lib }:
let
  autoconf = yes: no: flag: feature: "--${if flag then yes else no}-${feature}";
  withValue = f: flag: feature: value: f flag feature + (if flag then "=${value}" else "");
in
rec {
  /**
    A typed CMake variable. `String -> String -> String -> String`

        cmakeOptionType "string" "ENGINE" "sdl2"  =>  "-DENGINE:STRING=sdl2"
  */
  cmakeOptionType =
    type: feature: value:
    assert lib.elem (lib.toUpper type) [
      "BOOL"
      "FILEPATH"
      "INTERNAL"
      "PATH"
      "STATIC"
      "STRING"
    ];
    "-D${feature}:${lib.toUpper type}=${value}";

  /**
    A CMake switch. `String -> Bool -> String`

        cmakeBool "TESTS" true  =>  "-DTESTS:BOOL=TRUE"
  */
  cmakeBool = feature: flag: cmakeOptionType "bool" feature (lib.toUpper (lib.boolToString flag));

  /**
    A CMake string. `String -> String -> String`

        cmakeFeature "NAME" "a"  =>  "-DNAME:STRING=a"
  */
  cmakeFeature = cmakeOptionType "string";

  /**
    A Meson option. `String -> String -> String`

        mesonOption "engine" "opengl"  =>  "-Dengine=opengl"
  */
  mesonOption = feature: value: "-D${feature}=${value}";

  /**
    A Meson switch. `String -> Bool -> String`

        mesonBool "hardened" true  =>  "-Dhardened=true"
  */
  mesonBool = feature: flag: mesonOption feature (lib.boolToString flag);

  /**
    A Meson feature. `String -> Bool -> String`

        mesonEnable "docs" false  =>  "-Ddocs=disabled"
  */
  mesonEnable = feature: flag: mesonOption feature (if flag then "enabled" else "disabled");

  /**
    `--enable-X` or `--disable-X`. `Bool -> String -> String`

        enableFeature true "foo"  =>  "--enable-foo"
  */
  enableFeature = autoconf "enable" "disable";

  /**
    `--enable-X=V` or `--disable-X`. `Bool -> String -> String -> String`

        enableFeatureAs true "foo" "1"  =>  "--enable-foo=1"
  */
  enableFeatureAs = withValue enableFeature;

  /**
    `--with-X` or `--without-X`. `Bool -> String -> String`

        withFeature false "foo"  =>  "--without-foo"
  */
  withFeature = autoconf "with" "without";

  /**
    `--with-X=V` or `--without-X`. `Bool -> String -> String -> String`

        withFeatureAs true "foo" "/usr"  =>  "--with-foo=/usr"
  */
  withFeatureAs = withValue withFeature;
}
