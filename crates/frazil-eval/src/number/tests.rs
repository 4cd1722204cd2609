use super::*;
use expect_test::{Expect, expect};

fn text(print: impl Fn(f64, &mut Vec<u8>), value: f64) -> String {
    let mut out = Vec::new();
    print(value, &mut out);
    String::from_utf8(out).expect("numbers are ASCII")
}

#[track_caller]
fn check(value: f64, expected: Expect) {
    let shown = [text(print_general, value), text(print_fixed, value), text(print_json, value)];
    expected.assert_eq(&shown.join(" "));
}

#[test]
fn prints_floats() {
    check(1.0, expect!["1 1.000000 1.0"]);
    check(0.0, expect!["0 0.000000 0.0"]);
    check(-0.0, expect!["-0 -0.000000 -0.0"]);
    check(1.5, expect!["1.5 1.500000 1.5"]);
    check(1e6, expect!["1e+06 1000000.000000 1000000.0"]);
    check(999_999.5, expect!["1e+06 999999.500000 999999.5"]);
    check(1_234_565.0, expect!["1.23456e+06 1234565.000000 1234565.0"]);
    check(0.0001, expect!["0.0001 0.000100 0.0001"]);
    check(0.000_099_999_99, expect!["0.0001 0.000100 9.999999e-05"]);
    check(0.1 + 0.2, expect!["0.3 0.300000 0.30000000000000004"]);
    check(1e14, expect!["1e+14 100000000000000.000000 100000000000000.0"]);
    check(1e15, expect!["1e+15 1000000000000000.000000 1e+15"]);
    check(1e16, expect!["1e+16 10000000000000000.000000 1e+16"]);
    check(
        1e100,
        expect![
            "1e+100 10000000000000000159028911097599180468360808563945281389781327557747838772170381060813469985856815104.000000 1e+100"
        ],
    );
    check(-123_456.789, expect!["-123457 -123456.789000 -123456.789"]);
    check(2.225_073_858_507_201_4e-308, expect!["2.22507e-308 0.000000 2.2250738585072014e-308"]);
    check(f64::MAX / f64::MAX * 5e-324, expect!["4.94066e-324 0.000000 5e-324"]);
    check(f64::INFINITY, expect!["inf inf null"]);
    check(f64::NEG_INFINITY, expect!["-inf -inf null"]);
    check(f64::NAN.copysign(-1.0), expect!["-nan -nan null"]);
}

#[test]
fn json_keeps_the_digit_too_many() {
    check(744.916_625_99, expect!["744.917 744.916626 744.9166259899999"]);
    check(4_520.400_000_000_001, expect!["4520.4 4520.400000 4520.4000000000005"]);
    check(
        9_007_199_254_740_993.0,
        expect!["9.0072e+15 9007199254740992.000000 9.007199254740992e+15"],
    );
}

#[test]
fn prints_integers() {
    for value in [0, 7, -1, 10, 12_345_678_901, i64::MAX, i64::MIN] {
        let mut out = Vec::new();
        print_int(value, &mut out);
        assert_eq!(out, value.to_string().into_bytes());
    }
}
