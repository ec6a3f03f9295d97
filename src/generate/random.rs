//! Chance that is the same everywhere: each value has a source of its own.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng as _, SeedableRng as _};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed, xxh3_128};

/// The source of chance of one value.
pub(super) type Chance = Xoshiro256PlusPlus;

/// What stands for a seed, a table or a field inside the source of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salt(u64);

impl Salt {
    /// That of a recipe and one of its tables.
    pub(super) fn new(seed: u64, table: &str) -> Self {
        Self(xxh3_64_with_seed(table.as_bytes(), seed))
    }

    /// That of a part.
    pub(super) fn part(self, name: &str) -> Self {
        Self(xxh3_64_with_seed(name.as_bytes(), self.0))
    }

    /// That of an element of a list.
    pub(super) fn element(self, index: u64) -> Self {
        Self(xxh3_64_with_seed(&index.to_be_bytes(), self.0))
    }

    /// The source of a row's value.
    pub(super) fn chance(self, row: u64) -> Chance {
        Chance::seed_from_u64(xxh3_64(&self.bytes(row)))
    }

    /// Sixteen bytes that no other row has.
    pub(super) fn id(self, row: u64) -> [u8; 16] {
        xxh3_128(&self.bytes(row)).to_be_bytes()
    }

    fn bytes(self, row: u64) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.0.to_be_bytes());
        bytes[8..].copy_from_slice(&row.to_be_bytes());
        bytes
    }

    /// Where the row stands when `size` numbers are shuffled: different rows, different places.
    ///
    /// A Feistel network over the next even number of bits, walked until it is within. `row` is
    /// less than `size`, which is at most 2^64.
    pub(super) fn shuffled(self, row: u64, size: u128) -> u128 {
        const ROUNDS: u64 = 6;
        let bits = (u128::BITS - size.saturating_sub(1).leading_zeros()).max(2).next_multiple_of(2);
        let half = bits / 2;
        let mask = (1_u128 << half) - 1;
        let mut place = u128::from(row);
        loop {
            let (mut left, mut right) = (place >> half, place & mask);
            for round in 0..ROUNDS {
                let part = u64::try_from(right).unwrap_or_default();
                let mixed = u128::from(xxh3_64(&self.element(round).bytes(part))) & mask;
                (left, right) = (right, left ^ mixed);
            }
            place = (left << half) | right;
            if place < size {
                return place;
            }
        }
    }
}

/// A whole number below `size`, which is at most 2^64.
pub(super) fn below(chance: &mut Chance, size: u128) -> u128 {
    // Wider than any bias that could be seen.
    (u128::from(chance.next_u64()) * size) >> 64
}

/// A number from 0 to 1, 1 excluded.
pub(super) fn unit(chance: &mut Chance) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
    let number = (chance.next_u64() >> 11) as f64;
    number / 9_007_199_254_740_992.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn shuffling_gives_each_place_once(seed in any::<u64>(), size in 1_u64..600) {
            let salt = Salt::new(seed, "t");
            let mut places: Vec<u128> =
                (0..size).map(|row| salt.shuffled(row, size.into())).collect();
            places.sort_unstable();
            prop_assert_eq!(places, (0..u128::from(size)).collect::<Vec<_>>());
        }

        #[test]
        fn numbers_are_below_their_end(seed in any::<u64>(), size in 1_u64..) {
            let mut chance = Salt::new(seed, "t").chance(0);
            prop_assert!(below(&mut chance, size.into()) < size.into());
            prop_assert!((0.0..1.0).contains(&unit(&mut chance)));
        }
    }

    #[test]
    fn the_whole_of_64_bits_can_be_shuffled() {
        let salt = Salt::new(1, "t");
        let size = 1_u128 << 64;
        assert_ne!(salt.shuffled(0, size), salt.shuffled(1, size));
        assert!(salt.shuffled(u64::MAX, size) < size);
    }
}
