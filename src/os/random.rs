//! Random bytes of the system, fit for keys.

use std::io;

/// Fills `bytes`.
pub fn fill(bytes: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < bytes.len() {
        // A signal may cut it short.
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(number) => filled += number,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_is_filled_and_no_two_are_alike() {
        let (mut one, mut other) = ([0; 512], [0; 512]);
        super::fill(&mut one).unwrap();
        super::fill(&mut other).unwrap();
        assert_ne!(one, other);
        assert!(one.chunks(64).all(|chunk| chunk.iter().any(|byte| *byte != 0)));
    }
}
