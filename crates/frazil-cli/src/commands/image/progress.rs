//! How far the layers of an image, or a push of them, are: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal as _;

use frazil_ops::image::Event;
use frazil_ops::image::registry::PushEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const REDRAWS_PER_SECOND: u8 = 10;

pub(super) struct LayerProgress {
    bar: Option<ProgressBar>,
}

impl LayerProgress {
    pub(super) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND);
            let bar = ProgressBar::with_draw_target(None, target);
            let style =
                ProgressStyle::with_template("{spinner} {msg} {bytes}/{total_bytes} {elapsed}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { bar }
    }

    pub(super) fn tell(&self, event: Event) {
        let Some(bar) = &self.bar else { return };
        match event {
            Event::Layers { count, bytes } => {
                bar.set_message(format!("packing {count} layers"));
                bar.set_length(bytes);
            }
            Event::Layer { bytes, .. } => bar.inc(bytes),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The same for blobs on their way to a registry.
pub(in crate::commands) struct PushProgress(LayerProgress);

impl PushProgress {
    pub(in crate::commands) fn new() -> Self {
        Self(LayerProgress::new())
    }

    pub(in crate::commands) fn push(&self, event: PushEvent) {
        let Some(bar) = &self.0.bar else { return };
        match event {
            PushEvent::Blobs { bytes } => {
                bar.set_message("pushing");
                bar.set_length(bytes);
            }
            PushEvent::Blob { bytes } => bar.inc(bytes),
        }
    }

    pub(in crate::commands) fn finish(&self) {
        self.0.finish();
    }
}
