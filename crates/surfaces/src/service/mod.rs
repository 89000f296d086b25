//! Health, figures and documentation of the running program.
