//! How fast texts are masked.
//!
//! ```text
//! cargo bench --bench masking
//! cargo bench --bench masking -- --rounds 9
//! ```
//!
//! Rows are texts of 16 MB: lines of a log, lines of base64, a log with a secret in every fiftieth line, and a log of
//! a JSON writer that has the secrets' keys in it. Columns are how many secrets are known, and whether the text
//! comes whole or as a stream in pieces of 8 KiB. A figure is the median of the rounds in MB (10⁶ bytes) per second
//! on one thread. The goal is 300 with 100 secrets. A row more is the first text where one secret has but 4 bytes, so
//! that no byte of it can be skipped. The last row is what comparing each byte with one other costs,
//! as a floor.
#![expect(clippy::print_stdout, reason = "it is there to print")]
#![expect(clippy::disallowed_methods, reason = "measures time from outside, without Shipway's own doors")]

use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shipway::masking::Masker;

/// Bytes of a text.
const LENGTH: usize = 16_000_000;

/// Bytes of a piece: what a pipe is read with.
const PIECE: usize = 8 * 1024;

/// Numbers that are the same in each run: Marsaglia's small generator.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.below(of.len())]
    }

    fn text(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.below(alphabet.len())])).collect()
    }
}

/// What env files of a web application hold: keys and passwords, some with signs that encodings rewrite, URLs
/// with a password, a short token, and a private key of several lines.
fn secrets(count: usize) -> Vec<String> {
    const PLAIN: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const SIGNS: &[u8] =
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!\"#$%&'()*+,-./:;<=>?@ ";
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    (0..count)
        .map(|number| match number % 10 {
            0..5 => numbers.text(PLAIN, 64),
            5..7 => numbers.text(SIGNS, 32),
            7 => format!("postgres://{}:{}@db:5432/app", numbers.text(PLAIN, 16), numbers.text(SIGNS, 24)),
            8 => numbers.text(PLAIN, 8),
            _ => (0..24).map(|_| numbers.text(PLAIN, 64) + "\n").collect(),
        })
        .collect()
}

fn log(numbers: &mut Numbers, hits: &[String]) -> String {
    const WORDS: &[&str] = &[
        "INFO",
        "request",
        "finished",
        "postgres",
        "connection",
        "received",
        "GET",
        "/api/v1/items/",
        "status=200",
        "module.base.digitalocean_droplet.web",
        "Creating...",
        "still",
        "creating",
        "aws_s3_bucket.media",
        "worker",
        "celery",
        "beat",
        "the",
        "of",
        "Refreshing",
        "state",
        "https://example.com/static/app.css",
        "KeyError:",
        "web-1",
        "|",
        "POST",
        "duration",
        "12.5ms",
    ];
    let mut text = String::with_capacity(LENGTH + 200);
    let mut line = 0;
    while text.len() < LENGTH {
        line += 1;
        text.push_str("2026-02-03T04:05:06.");
        text.push_str(&numbers.below(1_000_000).to_string());
        for _ in 0..6 + numbers.below(8) {
            text.push(' ');
            text.push_str(numbers.pick(WORDS));
        }
        if !hits.is_empty() && line % 50 == 0 {
            text.push_str(" value=");
            text.push_str(&hits[numbers.below(hits.len())]);
        }
        text.push('\n');
    }
    text
}

fn base64_lines(numbers: &mut Numbers) -> String {
    let mut text = String::with_capacity(LENGTH + 200);
    while text.len() < LENGTH {
        let bytes: Vec<u8> = (0..57).map(|_| u8::try_from(numbers.below(256)).unwrap_or(0)).collect();
        text.push_str(&STANDARD.encode(bytes));
        text.push('\n');
    }
    text
}

fn json_lines(numbers: &mut Numbers) -> String {
    let mut text = String::with_capacity(LENGTH + 200);
    while text.len() < LENGTH {
        let line = format!(
            "{{\"at\":{},\"step\":\"{}\",\"id\":\"{:016x}\",\"line\":\"POSTGRES_PASSWORD and {}: \\\"ok\\\" \\u003c{}\\u003e\"}}\n",
            numbers.below(1_000_000_000),
            numbers.pick(&["apply-base", "plan-stage", "deploy.web"]),
            numbers.below(usize::MAX),
            numbers.pick(&["postgres://user@db:5432/app", "DJANGO_SECRET_KEY"]),
            numbers.below(1_000),
        );
        text.push_str(&line);
    }
    text
}

/// The median of `rounds` measurements, in MB per second.
fn speed(rounds: usize, bytes: usize, mut work: impl FnMut()) -> f64 {
    work();
    let mut seconds: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    bytes as f64 / seconds[rounds / 2] / 1e6
}

fn stream(masker: &Masker, text: &str) {
    let mut stream = masker.stream();
    for piece in text.as_bytes().chunks(PIECE) {
        black_box(stream.push(piece));
    }
    black_box(stream.finish());
}

fn main() {
    let mut rounds = 5;
    let mut is_bench = false;
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--rounds" => rounds = words.next().and_then(|number| number.parse().ok()).unwrap_or(rounds),
            // Cargo says so; `cargo test --all-targets` does not.
            "--bench" => is_bench = true,
            _ => return println!("unknown: {word}; there is --rounds N"),
        }
    }
    if !is_bench || rounds == 0 {
        return println!("nothing is measured: this is for `cargo bench`");
    }
    let all = secrets(100);
    let mut numbers = Numbers(1);
    let texts = [
        ("log", log(&mut numbers, &[])),
        ("base64", base64_lines(&mut numbers)),
        ("log with secrets", log(&mut numbers, &all)),
        ("JSON", json_lines(&mut numbers)),
    ];
    println!(
        "MB/s              {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "1", "10", "100", "1 pieces", "10 p.", "100 p."
    );
    for (name, text) in &texts {
        let mut row = format!("{name:18}");
        let maskers = [1, 10, 100].map(|count| {
            let masker = Masker::default();
            for secret in &all[..count] {
                masker.add(secret.as_bytes());
            }
            masker
        });
        for masker in &maskers {
            let whole = || drop(black_box(masker.mask_bytes(text.as_bytes())));
            row += &format!("{:>9.0} ", speed(rounds, text.len(), whole));
        }
        for masker in &maskers {
            row += &format!("{:>9.0} ", speed(rounds, text.len(), || stream(masker, text)));
        }
        println!("{row}");
    }
    let text = texts[0].1.as_bytes();
    let masker = Masker::default();
    all.iter().map(String::as_str).chain(["x7Qp"]).for_each(|secret| assert!(masker.add(secret.as_bytes())));
    let whole = speed(rounds, text.len(), || drop(black_box(masker.mask_bytes(text))));
    let pieces = speed(rounds, text.len(), || stream(&masker, &texts[0].1));
    println!("{:18}{whole:>29.0} {pieces:>29.0}", "log, and 4 bytes");
    let floor = speed(rounds, text.len(), || {
        black_box(text.iter().filter(|byte| **byte == b'\n').count());
    });
    println!("{:18}{floor:>9.0}", "counting newlines");
    let start = Instant::now();
    let masker = Masker::default();
    for secret in &all {
        masker.add(secret.as_bytes());
    }
    black_box(masker.mask("a text"));
    println!("100 secrets are ready after {:.1} ms", start.elapsed().as_secs_f64() * 1e3);
}
