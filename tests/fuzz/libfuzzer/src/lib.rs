//! Hands the targets to libFuzzer: half of its mutations are ours, which know lines and words.

/// The binary of one target.
#[macro_export]
macro_rules! target {
    ($name:ident) => {
        libfuzzer_sys::fuzz_target!(|data: &[u8]| { fuzz::$name(data) });

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            $crate::mutate(stringify!($name), data, size, max_size, seed)
        });
    };
}

/// Changes `data[..size]` in place; the new size.
pub fn mutate(target: &str, data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut chance = fuzz::Chance::new(u64::from(seed));
    if chance.below(2) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let changed = fuzz::Mutator::new(target, max_size).mutated(&data[..size], &[], &mut chance);
    data[..changed.len()].copy_from_slice(&changed);
    changed.len()
}
