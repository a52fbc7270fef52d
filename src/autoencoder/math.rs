//! Elementary functions over slices, written so that the compiler can use the widest instructions the processor has.
//!
//! `exp` and `ln` are polynomials after Cephes (Moshier), good to about two units in the last place; every lane gets the
//! same operations in the same order whatever the width, so the result is the same on every machine.

/// Defines a function whose body is compiled for the widest instructions there are, chosen when it is called.
///
/// Its arguments are borrowed for one named lifetime. A closure would not do: where it is long, the compiler keeps it a
/// function of its own, with the narrow instructions that every processor has.
macro_rules! wide {
    (
        $(#[$about:meta])*
        $view:vis fn $name:ident<$life:lifetime>($($argument:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block
    ) => {
        $(#[$about])*
        $view fn $name<$life>($($argument: $kind),*) $(-> $result)? {
            struct Kernel<$life> {
                $($argument: $kind,)*
                life: std::marker::PhantomData<&$life ()>,
            }
            impl<$life> pulp::NullaryFnOnce for Kernel<$life> {
                type Output = $crate::autoencoder::math::wide!(@ $($result)?);
                #[inline(always)]
                fn call(self) -> Self::Output {
                    let Self { $($argument,)* life: _ } = self;
                    $body
                }
            }
            pulp::Arch::new().dispatch(Kernel { $($argument,)* life: std::marker::PhantomData })
        }
    };
    (@) => { () };
    (@ $result:ty) => { $result };
}
pub(super) use wide;

/// `exp(x)`, saturating at the ends of the normal numbers.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Adding 1.5 · 2²³ rounds to a whole number and leaves it in the low bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let whole = shifted - SHIFT;
    let rest = x - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4_f32;
    sum = sum * rest + 1.398_2e-3;
    sum = sum * rest + 8.333_452e-3;
    sum = sum * rest + 4.166_579_6e-2;
    sum = sum * rest + 1.666_666_5e-1;
    sum = sum * rest + 5.000_000_1e-1;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    (sum * rest * rest + rest + 1.0) * power
}

/// `ln(x)` of a positive normal number.
#[inline(always)]
pub(super) fn ln(x: f32) -> f32 {
    let bits = x.to_bits();
    let mantissa = f32::from_bits((bits & 0x007f_ffff) | 0x3f00_0000);
    let small = mantissa < std::f32::consts::FRAC_1_SQRT_2;
    let exponent = (bits >> 23) as i32 - 126 - i32::from(small);
    let exponent = exponent as f32;
    let f = if small { mantissa + mantissa - 1.0 } else { mantissa - 1.0 };
    let square = f * f;
    let mut sum = 7.037_683_6e-2_f32;
    sum = sum * f - 1.151_461e-1;
    sum = sum * f + 1.167_699_9e-1;
    sum = sum * f - 1.242_014_1e-1;
    sum = sum * f + 1.424_932_3e-1;
    sum = sum * f - 1.666_805_7e-1;
    sum = sum * f + 2.000_071_5e-1;
    sum = sum * f - 2.499_999_4e-1;
    sum = sum * f + 3.333_333_1e-1;
    f + (sum * f * square - exponent * 2.121_944_4e-4 - 0.5 * square) + exponent * 0.693_359_4
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    let tail = exp(-x.abs());
    let upper = 1.0 / (1.0 + tail);
    if x >= 0.0 { upper } else { tail * upper }
}

/// The hyperbolic tangent.
#[inline(always)]
pub(super) fn tanh(x: f32) -> f32 {
    // The series where 1 - exp(-2x) would lose its digits.
    let square = x * x;
    let series =
        x * (1.0 + square * (-1.0 / 3.0 + square * (2.0 / 15.0 + square * (-17.0 / 315.0 + square * 62.0 / 2835.0))));
    let tail = exp(-2.0 * x.abs());
    let quotient = ((1.0 - tail) / (1.0 + tail)).copysign(x);
    if x.abs() < 0.25 { series } else { quotient }
}

/// Φ(x) and φ(x), the distribution function and the density of the standard normal (Abramowitz & Stegun 7.1.26,
/// absolute error below 1e-7).
#[inline(always)]
pub(super) fn normal(x: f32) -> (f32, f32) {
    const INVERSE_ROOT_TWO_PI: f32 = 0.398_942_3;
    let bell = exp(-0.5 * x * x);
    let t = 1.0 / (1.0 + 0.327_591_1 * std::f32::consts::FRAC_1_SQRT_2 * x.abs());
    let mut sum = 1.061_405_4_f32;
    sum = sum * t - 1.453_152;
    sum = sum * t + 1.421_413_7;
    sum = sum * t - 0.284_496_74;
    sum = sum * t + 0.254_829_6;
    let tail = 0.5 * sum * t * bell;
    (if x >= 0.0 { 1.0 - tail } else { tail }, bell * INVERSE_ROOT_TWO_PI)
}

/// Lanes of a sum: fixed, so that the order of additions is the same for every instruction width.
const LANES: usize = 16;

/// `Σ term(a, b)` over two slices, in a fixed order: 16 lanes over blocks of 512, blocks added in f64.
#[inline(always)]
pub(super) fn sum_of(left: &[f32], right: &[f32], term: impl Fn(f32, f32) -> f32) -> f64 {
    const BLOCK: usize = 512;
    let mut total = 0.0_f64;
    for (left, right) in left.chunks(BLOCK).zip(right.chunks(BLOCK)) {
        let mut lanes = [0.0_f32; LANES];
        let (left_lanes, right_lanes) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
        let rest = left_lanes.remainder().iter().zip(right_lanes.remainder());
        let rest: f32 = rest.map(|(left, right)| term(*left, *right)).sum();
        for (left, right) in left_lanes.zip(right_lanes) {
            for lane in 0..LANES {
                lanes[lane] += term(left[lane], right[lane]);
            }
        }
        total += lanes.iter().map(|lane| f64::from(*lane)).sum::<f64>() + f64::from(rest);
    }
    total
}

wide! {
    /// `Σ a²`.
    pub(super) fn squares<'a>(values: &'a [f32]) -> f64 {
        sum_of(values, values, |left, right| left * right)
    }
}

wide! {
    /// `Σ (a - b)²`.
    pub(super) fn squared_distance<'a>(left: &'a [f32], right: &'a [f32]) -> f64 {
        sum_of(left, right, |left, right| (left - right) * (left - right))
    }
}

wide! {
    /// `to += row` for every row of `to.len()` values.
    pub(super) fn add_rows<'a>(to: &'a mut [f32], rows: &'a [f32]) {
        for row in rows.chunks_exact(to.len().max(1)) {
            to.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
    }
}

wide! {
    /// `to = (from - mean) · factor`.
    pub(super) fn scale_into<'a>(to: &'a mut [f32], from: &'a [f32], mean: &'a [f32], factor: f32) {
        for ((to, from), mean) in to.iter_mut().zip(from).zip(mean) {
            *to = (from - mean) * factor;
        }
    }
}

wide! {
    /// `values = values · factor + mean`.
    pub(super) fn unscale<'a>(values: &'a mut [f32], mean: &'a [f32], factor: f32) {
        values.iter_mut().zip(mean).for_each(|(value, mean)| *value = *value * factor + mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points() -> impl Iterator<Item = f32> {
        (-8_000..8_000).map(|step| step as f32 * 1e-2).chain([-87.0, 87.9, 1e-6, -1e-6, 0.0])
    }

    #[test]
    fn functions_agree_with_f64() {
        for x in points() {
            let exact = f64::from(x);
            let close = |found: f32, expected: f64, what: &str| {
                let error = (f64::from(found) - expected).abs() / expected.abs().max(1e-30);
                assert!(error < 4e-7 || (f64::from(found) - expected).abs() < 1e-30, "{what}({x}): {found} {expected}");
            };
            close(exp(x), exact.exp(), "exp");
            close(sigmoid(x), 1.0 / (1.0 + (-exact).exp()), "sigmoid");
            close(tanh(x), exact.tanh(), "tanh");
        }
        for power in -120..120 {
            let x = 1.37_f32.powi(power);
            assert!((f64::from(ln(x)) - f64::from(x).ln()).abs() < 2e-7 * f64::from(x).ln().abs().max(1.0), "ln({x})");
        }
    }

    #[test]
    fn the_normal_distribution_agrees_with_tables() {
        // scipy.stats.norm.cdf
        for (x, expected) in
            [(0.0, 0.5), (1.0, 0.841_344_75), (-1.96, 0.024_997_9), (3.0, 0.998_650_1), (-6.0, 9.8659e-10)]
        {
            assert!((normal(x).0 - expected).abs() < 1.5e-7, "{x}");
        }
        assert!((normal(0.5).1 - 0.352_065_33).abs() < 1e-6);
    }

    #[test]
    fn extremes_stay_finite() {
        for x in [-1e30, -1e4, 1e4, 1e30, f32::MAX, f32::MIN] {
            assert!([exp(x), sigmoid(x), tanh(x), normal(x).0].iter().all(|value| value.is_finite()), "{x}");
        }
    }

    #[test]
    fn sums_are_exact_for_whole_numbers_of_any_length() {
        for length in [0, 1, 15, 16, 17, 511, 512, 1_300] {
            let values = vec![2.0_f32; length];
            assert_eq!(sum_of(&values, &values, |left, right| left * right), 4.0 * length as f64);
        }
    }
}
