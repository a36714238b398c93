//! Masks a text that comes in pieces, such as the output of a command.
//!
//! A piece may end in the middle of a secret. So what may be the beginning of one is held back until it is
//! known, and nothing else is: a question without a newline has to reach the screen before it is answered.
//!
//! Invariant: whatever the pieces, what comes out is what `Masker::mask_bytes` makes of the whole. A byte
//! before the held ones is decided, because every secret that starts there is either complete or can't be one
//! any more.

use std::borrow::Cow;
use std::fmt;

use super::{MASK, Masker};

/// Masks one text piece by piece.
pub struct MaskStream {
    masker: Masker,
    /// What may be the beginning of a secret: never longer than the longest form of one, less a byte.
    held: Vec<u8>,
    /// How many of the held bytes belong to a secret whose mask is already out.
    masked: usize,
}

impl MaskStream {
    pub(super) fn new(masker: Masker) -> Self {
        Self { masker, held: Vec::new(), masked: 0 }
    }

    /// Takes the next piece and gives what can be shown by now.
    pub fn push<'a>(&mut self, piece: impl Into<Cow<'a, [u8]>>) -> Cow<'a, [u8]> {
        let piece = piece.into();
        let Some(table) = self.masker.table() else { return piece };
        self.held.extend_from_slice(&piece);
        let open = table.open_end(&self.held);
        Cow::Owned(self.release(open, table.ranges(&self.held)))
    }

    /// Gives what was held back: the text is at its end. Further pieces are a new text.
    pub fn finish(&mut self) -> Vec<u8> {
        let Some(table) = self.masker.table() else { return Vec::new() };
        self.release(self.held.len(), table.ranges(&self.held))
    }

    /// Gives the first `open` held bytes, masked, where the held ones have secrets at `ranges`.
    fn release(&mut self, open: usize, ranges: Vec<std::ops::Range<usize>>) -> Vec<u8> {
        let mut out = Vec::with_capacity(open);
        let mut shown = self.masked;
        for range in ranges.into_iter().filter(|range| range.start < open) {
            // One that overlaps what is masked already only makes that longer.
            if range.start >= shown {
                out.extend_from_slice(&self.held[shown..range.start]);
                out.extend_from_slice(MASK.as_bytes());
            }
            shown = shown.max(range.end);
        }
        if shown < open {
            out.extend_from_slice(&self.held[shown..open]);
        }
        self.held.drain(..open);
        self.masked = shown.saturating_sub(open);
        out
    }
}

impl fmt::Debug for MaskStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MaskStream")
    }
}
