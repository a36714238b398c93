//! Knows every secret of a run and replaces them in texts.
//!
//! One masker serves all threads of a run; its clones share what they know. Secrets come in bursts (an env
//! file, a state's outputs) and texts in between, so the table is built when the first text comes after a
//! burst, not for each secret.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::table::Table;
use super::{MASK, MaskStream, forms};

/// Knows every secret of a run, in all its encoded forms. Shared between threads; secrets may be added at any
/// time.
#[derive(Clone, Default)]
pub struct Masker {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether there is any secret: most texts of most runs are let through without a lock.
    any: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    /// What was added, as it was: its forms are made once.
    added: BTreeSet<Vec<u8>>,
    patterns: BTreeSet<Vec<u8>>,
    /// `None` when patterns came since it was built.
    table: Option<Arc<Table>>,
    /// What somebody else is yet to be told to mask; `None` where nobody wants to know.
    news: Option<Vec<String>>,
}

impl Masker {
    /// From now on `secret` is masked. False where it can't be, because it is shorter than `SHORTEST_SECRET`.
    pub fn add(&self, secret: &[u8]) -> bool {
        if self.shared.known.read().unwrap_or_else(PoisonError::into_inner).added.contains(secret) {
            return true;
        }
        let forms = forms::forms(secret);
        if forms.is_empty() {
            return false;
        }
        // What a panicking thread left is whole: each change is made under one lock and none can stop
        // half-way.
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.patterns.len();
        known.added.insert(secret.to_vec());
        known.patterns.extend(forms);
        if known.patterns.len() > before {
            known.table = None;
            if let Some(news) = &mut known.news {
                news.extend(forms::telling_lines(secret));
            }
        }
        self.shared.any.store(true, Ordering::Release);
        true
    }

    /// From now on the base64 of a file is masked, as one line and in the lines that `base64` makes of it: a secret inside may stand across
    /// the end of one. What is secret in the file has to be added by itself.
    pub fn add_file(&self, bytes: &[u8]) {
        let lines = forms::file_lines(bytes);
        if lines.is_empty() {
            return;
        }
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        let before = known.patterns.len();
        known.patterns.extend(lines);
        if known.patterns.len() > before {
            known.table = None;
        }
        self.shared.any.store(true, Ordering::Release);
    }

    /// From now on what is added can be asked for by `news`, for somebody else who masks: a CI service.
    pub fn keep_news(&self) {
        self.shared.known.write().unwrap_or_else(PoisonError::into_inner).news.get_or_insert_default();
    }

    /// The lines of the secrets that were added since this was asked last. Whoever asks shows them to nobody but a masker.
    pub fn news(&self) -> Vec<String> {
        if !self.shared.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
        known.news.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// `text` without secrets.
    pub fn mask(&self, text: &str) -> String {
        // A secret that is no text may begin or end inside a character.
        String::from_utf8(self.mask_bytes(text.as_bytes()))
            .unwrap_or_else(|broken| String::from_utf8_lossy(broken.as_bytes()).into_owned())
    }

    /// `text` without secrets, for one that nobody else needs: it comes back as it is where there are none.
    pub fn mask_owned(&self, text: Vec<u8>) -> Vec<u8> {
        if self.table().is_none() { text } else { self.mask_bytes(&text) }
    }

    /// `text` without secrets.
    pub fn mask_bytes(&self, text: &[u8]) -> Vec<u8> {
        let Some(table) = self.table() else { return text.to_vec() };
        let mut out = Vec::with_capacity(text.len());
        let mut shown = 0;
        for range in table.ranges(text) {
            out.extend_from_slice(&text[shown..range.start]);
            out.extend_from_slice(MASK.as_bytes());
            shown = range.end;
        }
        out.extend_from_slice(&text[shown..]);
        out
    }

    /// Masks a text that comes in pieces.
    pub fn stream(&self) -> MaskStream {
        MaskStream::new(self.clone())
    }

    /// What to look for; `None` where there are no secrets.
    pub(super) fn table(&self) -> Option<Arc<Table>> {
        if !self.shared.any.load(Ordering::Acquire) {
            return None;
        }
        let ready = self.shared.known.read().unwrap_or_else(PoisonError::into_inner).table.clone();
        Some(ready.unwrap_or_else(|| {
            let mut known = self.shared.known.write().unwrap_or_else(PoisonError::into_inner);
            let Known { patterns, table, .. } = &mut *known;
            Arc::clone(table.get_or_insert_with(|| Arc::new(Table::new(patterns))))
        }))
    }
}

impl fmt::Debug for Masker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Masker")
    }
}
