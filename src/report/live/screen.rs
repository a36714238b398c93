//! Puts moving lines below printed ones, with indicatif: one bar whose text is the whole frame. Knows no steps.
//!
//! indicatif draws into `Canvas`, which only collects; a drawing is handed to the terminal in one piece, so it does not flicker, and a
//! terminal that went away is the sink's affair (indicatif would panic). One bar and not one for each step: `frame` already decided what
//! stands where, and a bar that is added or removed would be drawn twice.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle, TermLike};

use super::Size;
use crate::report::outputs::Outputs;

/// The size of the terminal that standard error is; `None` where it is none or does not know.
pub(super) fn size() -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(Size { columns: size.ws_col, rows: size.ws_row })
}

/// The lower end of the terminal.
pub(super) struct Screen {
    out: Outputs,
    canvas: Canvas,
    frame: Arc<Mutex<String>>,
    bar: ProgressBar,
    is_empty: bool,
}

impl Screen {
    pub(super) fn new(out: Outputs, size: Size) -> Self {
        let canvas = Canvas(Arc::new(Mutex::new(Drawing { text: Vec::new(), size, is_filled: false })));
        let frame = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&frame);
        let style = ProgressStyle::with_template("{frame}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key("frame", move |_: &indicatif::ProgressState, text: &mut dyn std::fmt::Write| {
                // Writing into a text can't fail.
                let _ = text.write_str(&lock(&shown));
            });
        let target = ProgressDrawTarget::term_like(Box::new(canvas.clone()));
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        Self { out, canvas, frame, bar, is_empty: true }
    }

    /// Prints `lasting` (whole lines, each with its newline) above, and puts `frame` below it.
    pub(super) fn draw(&mut self, lasting: &[u8], frame: &[String], size: Size) {
        if lasting.is_empty() && frame.is_empty() && self.is_empty {
            return;
        }
        self.is_empty = frame.is_empty();
        lock(&self.canvas.0).size = size;
        *lock(&self.frame) = frame.join("\n");
        let canvas = self.canvas.clone();
        self.bar.suspend(|| lock(&canvas.0).text.extend_from_slice(lasting));
        let drawn = std::mem::take(&mut lock(&self.canvas.0).text);
        if !drawn.is_empty() {
            self.out.talk(&drawn);
            self.out.flush();
        }
    }
}

impl Screen {
    /// Where data goes; it is handed on with the next drawing or `flush`.
    pub(super) fn outputs(&mut self) -> &mut Outputs {
        &mut self.out
    }
}

/// A drawing goes on after a panic elsewhere: the worst is one wrong frame.
fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Drawing {
    text: Vec<u8>,
    size: Size,
    /// A line was filled up; it ends if another one follows.
    is_filled: bool,
}

/// What indicatif takes for a terminal.
///
/// indicatif ends no line: it fills each one with spaces up to the edge and lets the terminal wrap. Such lines are one long line to the
/// terminal, which folds it anew when the window changes and leaves rubbish behind. So a filling is not written: it becomes a newline
/// before the next line, and nothing after the last one. (Our own lines never reach the edge and are never blank.)
#[derive(Clone, Debug)]
struct Canvas(Arc<Mutex<Drawing>>);

impl Canvas {
    fn add(&self, text: &str) -> io::Result<()> {
        let mut drawing = lock(&self.0);
        drawing.is_filled = false;
        drawing.text.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn step(&self, steps: usize, direction: char) -> io::Result<()> {
        if steps == 0 { Ok(()) } else { self.add(&format!("\u{1b}[{steps}{direction}")) }
    }
}

impl TermLike for Canvas {
    fn width(&self) -> u16 {
        lock(&self.0).size.columns
    }

    fn height(&self) -> u16 {
        lock(&self.0).size.rows
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.step(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.step(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.step(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.step(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.add(s)?;
        self.add("\n")
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        if !s.is_empty() && s.bytes().all(|byte| byte == b' ') {
            lock(&self.0).is_filled = true;
            return Ok(());
        }
        let follows = lock(&self.0).is_filled;
        if follows {
            self.add("\n")?;
        }
        self.add(s)
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r\u{1b}[2K")
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
