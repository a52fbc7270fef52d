//! The rectangle around points, and the order of points along a curve that fills it.

use rayon::prelude::*;

/// Points that one task looks at.
const CHUNK: usize = 8_192;

/// The smallest rectangle that holds some points.
#[derive(Debug, Clone, Copy)]
pub(in crate::embed) struct Bounds {
    pub(in crate::embed) low: [f32; 2],
    pub(in crate::embed) high: [f32; 2],
}

impl Bounds {
    const NONE: Self = Self { low: [f32::INFINITY; 2], high: [f32::NEG_INFINITY; 2] };

    /// The bounds of many points.
    pub(in crate::embed) fn of(points: &[[f32; 2]]) -> Self {
        points
            .par_chunks(CHUNK)
            .map(Self::of_few)
            .reduce(|| Self::NONE, |left, right| left.with(right.low).with(right.high))
    }

    /// The bounds of a few points, without threads.
    pub(in crate::embed) fn of_few(points: &[[f32; 2]]) -> Self {
        points.iter().fold(Self::NONE, |bounds, point| bounds.with(*point))
    }

    fn with(self, point: [f32; 2]) -> Self {
        Self {
            low: [self.low[0].min(point[0]), self.low[1].min(point[1])],
            high: [self.high[0].max(point[0]), self.high[1].max(point[1])],
        }
    }

    /// The same rectangle with room of `margin` on every side.
    pub(in crate::embed) fn widened(self, margin: f32) -> Self {
        Self { low: self.low.map(|low| low - margin), high: self.high.map(|high| high + margin) }
    }

    pub(in crate::embed) fn width(&self) -> f32 {
        self.high[0] - self.low[0]
    }

    pub(in crate::embed) fn height(&self) -> f32 {
        self.high[1] - self.low[1]
    }

    /// The number of a point's square among `4^depth` equal squares in Morton order (a Z at every level).
    pub(in crate::embed) fn morton(&self, point: [f32; 2], depth: u32) -> u64 {
        let width = f64::from(self.width().max(self.height())).max(f64::MIN_POSITIVE);
        let squares = f64::from(1_u32 << depth);
        let along = |side: usize| {
            let square = (f64::from(point[side] - self.low[side]) / width * squares).min(squares - 1.0) as u64;
            spaced(square)
        };
        along(0) | (along(1) << 1)
    }
}

/// The lowest 32 bits of a number with a zero before each.
fn spaced(number: u64) -> u64 {
    let mut bits = number & 0xFFFF_FFFF;
    for (shift, mask) in [
        (16, 0x0000_FFFF_0000_FFFF),
        (8, 0x00FF_00FF_00FF_00FF),
        (4, 0x0F0F_0F0F_0F0F_0F0F),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | (bits << shift)) & mask;
    }
    bits
}
