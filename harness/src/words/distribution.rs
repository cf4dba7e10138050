//! The distributions of delays: from a uniform random number to a deviation, in standard deviations; and the tables that netem needs.
//! Not here: the delay itself, and who draws the number.

use super::shape::Distribution;

/// The value of one standard deviation in a table (`NETEM_DIST_SCALE`, include/uapi/linux/pkt_sched.h).
const SCALE: f64 = 8192.0;
/// How many entries a table has, as in iproute2's. The kernel accepts 16384 (`NETEM_DIST_MAX`).
const ENTRIES: u16 = 4096;
/// The tables end here: they have 16 bits.
const MOST: f64 = 4.0;

impl Distribution {
    /// The deviation below which the part `u` of all deviations lies: the inverse of the cumulative distribution, `0 < u < 1`.
    /// Uniform is from -1 to 1; the others have the mean 0 and the standard deviation 1 before they are cut off at 4, as in iproute2's tables.
    pub fn deviation(self, u: f64) -> f64 {
        match self {
            Self::Uniform => 2.0 * u - 1.0,
            Self::Normal => normal(u).clamp(-MOST, MOST),
            Self::Pareto => pareto(u),
            Self::ParetoNormal => f64::midpoint(normal(u).clamp(-MOST, MOST), pareto(u)) / 2.0 + pareto(u) / 2.0,
        }
    }

    /// The table from which netem draws: the deviations in the middle of equally likely parts.
    pub fn table(self) -> impl Iterator<Item = i16> {
        let deviation = move |entry| self.deviation((f64::from(entry) + 0.5) / f64::from(ENTRIES));
        (0..ENTRIES).map(move |entry| (deviation(entry) * SCALE).round().clamp(f64::from(i16::MIN), f64::from(i16::MAX)) as i16)
    }
}

/// The Pareto distribution with exponent 3, shifted and scaled as in NIST Net.
fn pareto(u: f64) -> f64 {
    ((1.0 / (1.0 - u).cbrt() - 1.5) * 4.0 / 3.0).min(MOST)
}

/// The normal distribution, by Acklam's rational approximation, with an error below 2e-9.
fn normal(u: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] = [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    const TAIL: f64 = 0.024_25;
    let polynomial = |factors: &[f64], x: f64| factors.iter().fold(0.0, |sum, factor| sum * x + factor);
    if u < TAIL {
        let q = (-2.0 * u.ln()).sqrt();
        polynomial(&C, q) / polynomial(&D, q)
    } else if u <= 1.0 - TAIL {
        let q = u - 0.5;
        polynomial(&A, q * q) * q / polynomial(&B, q * q)
    } else {
        -normal(1.0 - u)
    }
}
