//! What the README promises, each promise caused and observed with real processes.

mod servers;
