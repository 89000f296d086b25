//! No function is longer than 70 lines of code.
//!
//! Clippy says so too; this also sees what stands inside a macro call.

use super::rust_text::mask;
use super::{Finding, checkout, expect_none};

const LINES_MAX: usize = 70;

#[test]
fn no_function_is_long() {
    let findings: Vec<Finding> = checkout::texts("rs")
        .iter()
        .flat_map(|(path, source)| long_functions(path, source))
        .collect();
    expect_none(
        &findings,
        "keep the branches in one function and move what runs straight into helpers below it; \
         move a table of cases into a constant",
    );
}

fn long_functions(path: &str, source: &str) -> Vec<Finding> {
    functions(source)
        .into_iter()
        .filter(|function| function.lines > LINES_MAX)
        .map(|function| Finding {
            path: path.to_owned(),
            line: function.line,
            what: format!("`{}` has {} lines, at most {LINES_MAX}", function.name, function.lines),
        })
        .collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    /// Where the keyword `fn` stands, counted from 1.
    line: usize,
    /// Lines between the braces with anything but white space and comments on them.
    lines: usize,
}

/// All functions with a body, nested ones too, in the order of their `fn`.
fn functions(source: &str) -> Vec<Function> {
    let masked: Vec<char> = mask(source).chars().collect();
    let mut found = Vec::new();
    for at in 0..masked.len() {
        let Some((name, after_name)) = function_name(&masked, at) else { continue };
        let Some(open) = body_start(&masked, after_name) else { continue };
        let close = body_end(&masked, open);
        let body: String = masked[open + 1..close].iter().collect();
        found.push(Function {
            name,
            line: 1 + masked[..at].iter().filter(|next| **next == '\n').count(),
            lines: body.lines().filter(|line| !line.trim().is_empty()).count(),
        });
    }
    found
}

/// The name of the function whose `fn` stands at `at`, and the position behind the name. A
/// function pointer's type, `fn(...)`, has no name.
fn function_name(masked: &[char], at: usize) -> Option<(String, usize)> {
    let is_word = |next: &char| *next == '_' || *next == '#' || next.is_alphanumeric();
    let starts_word = at == 0 || !is_word(&masked[at - 1]);
    if !starts_word || !masked[at..].starts_with(&['f', 'n']) {
        return None;
    }
    let behind = &masked[at + 2..];
    let spaces = behind.iter().take_while(|next| next.is_whitespace()).count();
    let name: String = behind[spaces..].iter().take_while(|next| is_word(next)).collect();
    let length = name.chars().count();
    (spaces > 0 && length > 0).then_some((name, at + 2 + spaces + length))
}

/// The position of the brace that opens the body; `None` where a `;` ends the signature.
fn body_start(masked: &[char], from: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, next) in masked.iter().enumerate().skip(from) {
        match next {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            '{' if depth == 0 => return Some(at),
            ';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The position of the brace that closes the one at `open`, or the end of the file.
fn body_end(masked: &[char], open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, next) in masked.iter().enumerate().skip(open) {
        match next {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at;
        }
    }
    masked.len()
}

#[cfg(test)]
mod tests {
    use super::{LINES_MAX, functions, long_functions};

    /// `expected` is one word per function: name, line and number of lines.
    fn check(source: &str, expected: &str) {
        let found: Vec<String> = functions(source)
            .iter()
            .map(|found| format!("{}:{}:{}", found.name, found.line, found.lines))
            .collect();
        assert_eq!(found.join(" "), expected, "{source}");
    }

    #[test]
    fn functions_are_found_with_their_lines_of_code() {
        check("", "");
        check("fn f() {}", "f:1:0");
        check("\nfn f() { g() }", "f:2:1");
        check("fn f() {\n    g();\n\n    // Why.\n    h();\n}\n", "f:1:2");
        check("fn f() {\n    \"}\";\n    '}';\n    1\n}\nfn g() {}", "f:1:3 g:6:0");
        check("fn f() {\n    fn g() {\n        1\n    }\n    2\n}", "f:1:4 g:2:1");
        check("fn f() {\n    \"a\n\n    b\"\n}", "f:1:2");
    }

    #[test]
    fn signatures_without_a_body_and_pointers_are_no_functions() {
        check("trait T { fn f(&self); fn g(&self) {} }", "g:1:0");
        check("type F = fn(u8) -> u8; struct S { f: fn() }", "");
        check("fn f(x: [u8; 3]) -> [u8; { 1 + 2 }] where u8: Copy { x }", "f:1:1");
        check("fn r#fn() { confn() }", "r#fn:1:1");
    }

    #[test]
    fn seventy_lines_pass_and_one_more_does_not() {
        let of = |lines: usize| format!("\nfn f() {{\n{}}}\n", "    g();\n".repeat(lines));
        assert_eq!(long_functions("a.rs", &of(LINES_MAX)), []);
        let findings = long_functions("a.rs", &of(LINES_MAX + 1));
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].to_string(), "a.rs:2: `f` has 71 lines, at most 70");
    }
}
