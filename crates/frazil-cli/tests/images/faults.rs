//! What goes wrong while an image is written.
