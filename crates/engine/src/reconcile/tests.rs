//! Comparisons from end to end.
