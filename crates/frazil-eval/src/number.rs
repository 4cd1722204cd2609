//! Numbers as text, byte for byte as Nix writes them.
//!
//! Nix has three spellings of a float: values and XML go through an output stream (six significant
//! digits), `toString` through `%f`, and JSON through a shortest-digits algorithm of its own (see
//! [`grisu`]). Derivation hashes depend on all three, so none of them may be replaced by a nicer one.
//!
//! Not here: the lexical shape of literals (the lexer's business) and JSON's grammar.

mod grisu;
#[cfg(test)]
mod tests;

/// Appends a decimal integer.
pub(crate) fn print_int(value: i64, out: &mut Vec<u8>) {
    const DIGITS_MAX: usize = 20;
    if value < 0 {
        out.push(b'-');
    }
    let mut digits = [0; DIGITS_MAX];
    let mut rest = value.unsigned_abs();
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.split_at(DIGITS_MAX - used).1);
}

/// Appends a float as values are printed and as `toXML` writes it: `%g`, six significant digits.
pub(crate) fn print_general(value: f64, out: &mut Vec<u8>) {
    const PRECISION: i32 = 6;
    if print_special(value, out) {
        return;
    }
    // The exponent must be that of the *rounded* value, hence the detour through `{:e}`.
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..PRECISION).contains(&exponent) {
        let decimals = usize::try_from(PRECISION - 1 - exponent).unwrap_or(0);
        out.extend_from_slice(without_trailing_zeros(&format!("{value:.decimals$}")));
    } else {
        out.extend_from_slice(without_trailing_zeros(mantissa));
        push_exponent(exponent, out);
    }
}

/// Appends a float as `toString` gives it: `%f`, six decimals.
pub(crate) fn print_fixed(value: f64, out: &mut Vec<u8>) {
    if !print_special(value, out) {
        out.extend_from_slice(format!("{value:.6}").as_bytes());
    }
}

/// Appends a float as `toJSON` gives it: always with a fraction or an exponent; `null` for what
/// JSON cannot say.
pub(crate) fn print_json(value: f64, out: &mut Vec<u8>) {
    // At most this many digits stand before the point: 1e14 is written out, 1e15 is not.
    const POINT_MAX: i32 = 15;
    const POINT_MIN: i32 = -4;
    if !value.is_finite() {
        out.extend_from_slice(b"null");
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value == 0.0 {
        out.extend_from_slice(b"0.0");
        return;
    }
    let shortest = grisu::shortest(value.abs());
    let digits = shortest.digits();
    // The decimal point stands after this many digits.
    let point = shortest.exponent() + digits.len() as i32;
    if (1..=POINT_MAX).contains(&point) {
        let whole = point.unsigned_abs() as usize;
        match digits.split_at_checked(whole) {
            Some((before, after)) if !after.is_empty() => {
                out.extend_from_slice(before);
                out.push(b'.');
                out.extend_from_slice(after);
            }
            _ => {
                out.extend_from_slice(digits);
                out.resize(out.len() + whole.saturating_sub(digits.len()), b'0');
                out.extend_from_slice(b".0");
            }
        }
    } else if point > POINT_MIN && point <= 0 {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + point.unsigned_abs() as usize, b'0');
        out.extend_from_slice(digits);
    } else {
        let (first, rest) = digits.split_at(1);
        out.extend_from_slice(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest);
        }
        push_exponent(point - 1, out);
    }
}

/// The nearest double to a decimal number, infinite or zero when it is out of range.
pub(crate) fn read_decimal(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn print_special(value: f64, out: &mut Vec<u8>) -> bool {
    if value.is_finite() {
        return false;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    out.extend_from_slice(if value.is_nan() { b"nan" } else { b"inf" });
    true
}

fn without_trailing_zeros(number: &str) -> &[u8] {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
        .as_bytes()
}

/// C's exponent: a sign, and two digits at least.
fn push_exponent(exponent: i32, out: &mut Vec<u8>) {
    let sign = if exponent < 0 { '-' } else { '+' };
    out.extend_from_slice(format!("e{sign}{:02}", exponent.abs()).as_bytes());
}
