//! The plan against what the stores hold.
