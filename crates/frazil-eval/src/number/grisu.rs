//! Grisu2: the digits of a double, by Florian Loitsch's algorithm ("Printing Floating-Point Numbers
//! Quickly and Accurately with Integers", PLDI 2010).
//!
//! Its digits always read back as the same double but are not always the shortest: about one value
//! in a thousand gets a digit more than it needs. Nix's JSON has exactly this flaw, and structured
//! derivations hash it, so a better algorithm would be wrong here.

mod powers;

use powers::{POWERS, POWERS_FIRST, POWERS_STEP};

/// The digits of a number and the power of ten of the last one.
pub(super) struct Shortest {
    buffer: [u8; DIGITS_MAX],
    len: usize,
    exponent: i32,
}

const DIGITS_MAX: usize = 18;

impl Shortest {
    pub(super) fn digits(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    pub(super) fn exponent(&self) -> i32 {
        self.exponent
    }

    fn push(&mut self, digit: u64) {
        if let Some(slot) = self.buffer.get_mut(self.len) {
            *slot = b'0' + digit as u8;
            self.len += 1;
        }
    }

    /// Moves the last digit towards the number itself while the result stays within the bounds.
    fn round(&mut self, distance: u64, delta: u64, mut rest: u64, ten: u64) {
        let Some(last) = self.len.checked_sub(1).and_then(|at| self.buffer.get_mut(at)) else {
            return;
        };
        while rest < distance
            && delta - rest >= ten
            && (rest + ten < distance || distance - rest > rest + ten - distance)
        {
            *last -= 1;
            rest += ten;
        }
    }
}

/// `fraction * 2^exponent`.
#[derive(Clone, Copy)]
struct Scaled {
    fraction: u64,
    exponent: i32,
}

impl Scaled {
    fn normalized(self) -> Scaled {
        let shift = self.fraction.leading_zeros();
        Scaled { fraction: self.fraction << shift, exponent: self.exponent - shift as i32 }
    }

    fn with_exponent(self, exponent: i32) -> Scaled {
        Scaled { fraction: self.fraction << (self.exponent - exponent), exponent }
    }

    /// The upper half of the product, rounded.
    fn times(self, other: Scaled) -> Scaled {
        let product = u128::from(self.fraction) * u128::from(other.fraction);
        let fraction = ((product + (1 << 63)) >> 64) as u64;
        Scaled { fraction, exponent: self.exponent + other.exponent + 64 }
    }
}

/// Digits for a positive finite number.
pub(super) fn shortest(value: f64) -> Shortest {
    const FRACTION_BITS: u32 = 52;
    const HIDDEN: u64 = 1 << FRACTION_BITS;
    const BIAS: i32 = 1075;
    let bits = value.to_bits();
    let biased = (bits >> FRACTION_BITS) as i32;
    let fraction = bits & (HIDDEN - 1);
    let number = if biased == 0 {
        Scaled { fraction, exponent: 1 - BIAS }
    } else {
        Scaled { fraction: fraction | HIDDEN, exponent: biased - BIAS }
    };
    let upper =
        Scaled { fraction: 2 * number.fraction + 1, exponent: number.exponent - 1 }.normalized();
    // Below a power of two the neighbours are twice as dense.
    let lower = if fraction == 0 && biased > 1 {
        Scaled { fraction: 4 * number.fraction - 1, exponent: number.exponent - 2 }
    } else {
        Scaled { fraction: 2 * number.fraction - 1, exponent: number.exponent - 1 }
    };
    let (power, decimal) = power_for(upper.exponent);
    let lower = lower.with_exponent(upper.exponent).times(power);
    let upper = upper.times(power);
    let number = number.normalized().times(power);
    // The power is inexact by at most one unit, so the safe interval is one narrower on each side.
    let top = Scaled { fraction: upper.fraction - 1, ..upper };
    generate(top, upper.fraction - lower.fraction - 2, top.fraction - number.fraction, -decimal)
}

/// A power of ten that brings a number with this exponent to one between -60 and -32.
fn power_for(exponent: i32) -> (Scaled, i32) {
    const TARGET: i32 = -60;
    const LOG10_2: i32 = 78_913; // times 2^18
    let wanted = TARGET - exponent - 1;
    let decimal = (wanted * LOG10_2) / (1 << 18) + i32::from(wanted > 0);
    let index = (decimal - POWERS_FIRST + POWERS_STEP - 1) / POWERS_STEP;
    let (fraction, exponent) = POWERS.get(index as usize).copied().unwrap_or((1 << 63, -63));
    (Scaled { fraction, exponent }, POWERS_FIRST + index * POWERS_STEP)
}

/// Digits of `top` until what is left is below `delta`; `distance` is how far below it the number is.
fn generate(top: Scaled, mut delta: u64, mut distance: u64, decimal: i32) -> Shortest {
    let mut result = Shortest { buffer: [0; DIGITS_MAX], len: 0, exponent: decimal };
    let shift = top.exponent.unsigned_abs();
    let one = 1_u64 << shift;
    let mut whole = top.fraction >> shift;
    let mut part = top.fraction & (one - 1);

    let mut places = whole.checked_ilog10().unwrap_or(0) as i32 + 1;
    let mut ten = 10_u64.pow(places.unsigned_abs() - 1);
    while places > 0 {
        result.push(whole / ten);
        whole %= ten;
        places -= 1;
        let rest = (whole << shift) + part;
        if rest <= delta {
            result.exponent += places;
            result.round(distance, delta, rest, ten << shift);
            return result;
        }
        ten /= 10;
    }
    loop {
        part *= 10;
        result.push(part >> shift);
        part &= one - 1;
        result.exponent -= 1;
        delta *= 10;
        distance *= 10;
        if part <= delta {
            result.round(distance, delta, part, one);
            return result;
        }
    }
}
