//! Where addresses are, and why to believe it.
