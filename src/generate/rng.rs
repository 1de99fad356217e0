//! Seeded random numbers for the generator, written out here so that one seed gives the same bytes for ever.
//!
//! xoshiro256++ 1.0 and SplitMix64 by David Blackman and Sebastiano Vigna (public domain, prng.di.unimi.it). No crate: a new
//! version of one may change its stream. Only `+ - * / sqrt` on floats: IEEE 754 fixes their results, while `ln` and `powf`
//! of the standard library may differ between platforms. Not for secrets.

/// SplitMix64: one word of state; seeds [`Rng`] and unfolds the small details of one alert from its own seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mix(pub u64);

impl Mix {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `n` - 1; see [`Rng::below`].
    pub(super) fn below(&mut self, n: u32) -> u32 {
        scale(self.next(), n)
    }
}

/// The top bits of `word` as a number below `n`. The bias is under n / 2^32 and matters to nobody here.
fn scale(word: u64, n: u32) -> u32 {
    (((word >> 32) * u64::from(n)) >> 32) as u32
}

/// xoshiro256++.
#[derive(Clone, Debug)]
pub(super) struct Rng {
    s: [u64; 4],
}

impl Rng {
    /// Streams of the same seed with different names are independent, so that a change in one part of the generator leaves
    /// the choices of the others alone.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut mix = Mix(seed ^ Mix(stream).next());
        Self {
            s: [mix.next(), mix.next(), mix.next(), mix.next()],
        }
    }

    pub(super) fn next(&mut self) -> u64 {
        let s = &mut self.s;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// 0 to `n` - 1, and 0 for `n` = 0.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        scale(self.next(), n)
    }

    /// `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low).saturating_add(1))
    }

    /// True in `ppm` of a million cases.
    pub(super) fn chance(&mut self, ppm: u32) -> bool {
        self.below(1_000_000) < ppm
    }

    /// An exponentially distributed whole number with the given mean: the waiting times of a Poisson process.
    pub(super) fn exponential(&mut self, mean: u64) -> u64 {
        (-ln(self.unit()) * mean as f64) as u64
    }

    /// Heavy-tailed, from `min` to `max`: Pareto with exponent 1/2, so half of all draws exceed 4 x `min` and one in a
    /// hundred 10,000 x `min`. The exponent is 1/2 because that needs no power function.
    pub(super) fn heavy(&mut self, min: u32, max: u32) -> u32 {
        let u = self.unit();
        let drawn = f64::from(min) / (u * u);
        drawn.min(f64::from(max)) as u32
    }

    /// Above 0, up to 1, in steps of 2^-53.
    fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1u64 << 53) as f64;
        ((self.next() >> 11) + 1) as f64 * STEP
    }
}

/// Natural logarithm of a normal positive number, to about twelve digits: ln(2^e m) = e ln 2 + 2 artanh((m - 1) / (m + 1)).
fn ln(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52) as i32 - 1023;
    let mantissa = f64::from_bits((x.to_bits() & ((1 << 52) - 1)) | (1023 << 52));
    let z = (mantissa - 1.0) / (mantissa + 1.0);
    let square = z * z;
    let (mut term, mut sum) = (z, 0.0);
    for odd in [1.0, 3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0] {
        sum += term / odd;
        term *= square;
    }
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_the_published_streams() {
        let mut mix = Mix(1_234_567);
        assert_eq!(mix.next(), 6_457_827_717_110_365_317);
        assert_eq!(mix.next(), 3_203_168_211_198_807_973);
        let mut rng = Rng { s: [1, 2, 3, 4] };
        let first: Vec<u64> = (0..4).map(|_| rng.next()).collect();
        let published = [
            41_943_041,
            58_720_359,
            3_588_806_011_781_223,
            3_591_011_842_654_386,
        ];
        assert_eq!(first, published);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        assert_ne!(Rng::new(7, 1).next(), Rng::new(7, 2).next());
        assert_ne!(Rng::new(7, 1).next(), Rng::new(8, 1).next());
    }

    #[test]
    fn distributions_have_the_stated_shape() {
        let mut rng = Rng::new(1, 1);
        let n = 100_000;
        let mean = (0..n).map(|_| rng.exponential(1000)).sum::<u64>() / n;
        assert!((985..1015).contains(&mean), "{mean}");
        let over = (0..n).filter(|_| rng.heavy(10, 1_000_000) > 40).count();
        assert!((49_000..51_000).contains(&over), "{over}");
        assert!((0..n).all(|_| (3..=5).contains(&rng.between(3, 5))));
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn logarithm_is_close_to_the_standard_one() {
        for x in [1e-9, 0.001, 0.3, 0.5, 0.999, 1.0, 1.9] {
            assert!((ln(x) - f64::ln(x)).abs() < 1e-9, "{x}");
        }
    }
}
