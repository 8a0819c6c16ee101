//! The worked vectors of `fiscal-spec.md` chapter 9.
