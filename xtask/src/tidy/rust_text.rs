//! Rust source with its comments and literals taken out, so that a simple scanner can read it.

/// What stands in for each character of a literal: no white space, and no brace.
const LITERAL: char = '"';

/// `source` with each comment replaced by spaces and each character of a string or character
/// literal by a quotation mark. Lines keep their numbers and their lengths.
pub(super) fn mask(source: &str) -> String {
    let mut scanner = Scanner { rest: source.chars().collect(), at: 0, masked: String::new() };
    while let Some(next) = scanner.peek(0) {
        match next {
            '/' if scanner.peek(1) == Some('/') => scanner.line_comment(),
            '/' if scanner.peek(1) == Some('*') => scanner.block_comment(),
            '"' => scanner.string(),
            '\'' => scanner.quote(),
            _ if next == '_' || next.is_alphanumeric() => scanner.word(),
            _ => scanner.keep(),
        }
    }
    scanner.masked
}

struct Scanner {
    rest: Vec<char>,
    at: usize,
    masked: String,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn keep(&mut self) {
        self.masked.extend(self.peek(0));
        self.at += 1;
    }

    fn replace(&mut self, by: char) {
        if let Some(next) = self.peek(0) {
            self.masked.push(if next == '\n' { '\n' } else { by });
        }
        self.at += 1;
    }

    fn line_comment(&mut self) {
        while self.peek(0).is_some_and(|next| next != '\n') {
            self.replace(' ');
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (Some(_), _) => {
                    self.replace(' ');
                    continue;
                }
                (None, _) => return,
            }
            self.replace(' ');
            self.replace(' ');
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.replace(LITERAL);
        while let Some(next) = self.peek(0) {
            self.replace(LITERAL);
            match next {
                '\\' => self.replace(LITERAL),
                '"' => return,
                _ => {}
            }
        }
    }

    /// A character literal or a lifetime: the literal has its second quote behind one character,
    /// or it starts with an escape.
    fn quote(&mut self) {
        let escaped = self.peek(1) == Some('\\');
        if !escaped && self.peek(2) != Some('\'') {
            self.keep();
            return;
        }
        self.replace(LITERAL);
        if escaped {
            self.replace(LITERAL);
        }
        self.replace(LITERAL);
        while self.peek(0).is_some_and(|next| next != '\'') {
            self.replace(LITERAL);
        }
        self.replace(LITERAL);
    }

    /// A word. One that ends in `r` may be the prefix of a raw string: `r"`, `br#"`, `cr##"`.
    fn word(&mut self) {
        let mut word = String::new();
        while let Some(next) = self.peek(0).filter(|next| *next == '_' || next.is_alphanumeric()) {
            word.push(next);
            self.keep();
        }
        if !["r", "br", "cr"].contains(&word.as_str()) {
            return;
        }
        let hashes = self.rest.iter().skip(self.at).take_while(|next| **next == '#').count();
        if self.peek(hashes) == Some('"') {
            self.raw_string(hashes);
        }
    }

    fn raw_string(&mut self, hashes: usize) {
        for _ in 0..=hashes {
            self.replace(LITERAL);
        }
        while let Some(next) = self.peek(0) {
            self.replace(LITERAL);
            let closing = (0..hashes).all(|ahead| self.peek(ahead) == Some('#'));
            if next == '"' && closing {
                break;
            }
        }
        for _ in 0..hashes {
            self.replace(LITERAL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mask;

    fn check(source: &str, expected: &str) {
        assert_eq!(mask(source), expected, "{source}");
    }

    #[test]
    fn comments_become_spaces() {
        check("a // {\nb", "a     \nb");
        check("a /* { /* } */ */ b", "a                 b");
        check("a /* {\n} */ b", "a     \n     b");
        check("a /* open", "a        ");
    }

    #[test]
    fn literals_become_quotation_marks() {
        check(r#"f("{", x)"#, r#"f(""", x)"#);
        check(r#"f("\"{")"#, r#"f(""""")"#);
        check(r#"f(b"{//")"#, r#"f(b""""")"#);
        check("r\"\\\" {", "r\"\"\" {");
        check("br#\"{\"}\"# {", "br\"\"\"\"\"\"\" {");
        check("\"{\n}\" {", "\"\"\n\"\" {");
        check("'{' }", "\"\"\" }");
        check(r"'\'' }", "\"\"\"\" }");
        check(r"'\u{7d}' }", "\"\"\"\"\"\"\"\" }");
        check("\"open {", "\"\"\"\"\"\"\"");
    }

    #[test]
    fn lifetimes_labels_and_raw_identifiers_stay() {
        check("fn f<'a>(x: &'a str) {}", "fn f<'a>(x: &'a str) {}");
        check("'outer: loop { break 'outer; }", "'outer: loop { break 'outer; }");
        check("r#type { bar }", "r#type { bar }");
    }
}
