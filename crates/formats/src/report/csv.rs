//! Tables with separators: bytes to fields, strictly.
