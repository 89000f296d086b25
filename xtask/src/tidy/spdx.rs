//! Decides whether a licence expression is satisfied by a list of allowed licences.
//!
//! It knows what crates use of SPDX 2.1 appendix IV: identifiers, `AND`, `OR`, `WITH`,
//! parentheses, and the old `/` for `OR`. What it does not understand is an error, never allowed.

/// Whether one may use what is under `expression` when the licences in `allowed` are accepted.
///
/// `OR` wants one side, `AND` both and binds tighter; `A WITH B` wants exactly that text allowed.
pub(super) fn satisfied(expression: &str, allowed: &[String]) -> Result<bool, String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = Words { all: spaced.split_whitespace().collect(), at: 0, allowed };
    let answer = words.any_of()?;
    match words.next() {
        None => Ok(answer),
        Some(word) => Err(format!("unexpected `{word}`")),
    }
}

struct Words<'a> {
    all: Vec<&'a str>,
    at: usize,
    allowed: &'a [String],
}

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let word = self.all.get(self.at).copied();
        self.at += 1;
        word
    }

    fn takes(&mut self, word: &str) -> bool {
        let taken = self.all.get(self.at) == Some(&word);
        self.at += usize::from(taken);
        taken
    }

    fn any_of(&mut self) -> Result<bool, String> {
        let mut answer = self.all_of()?;
        while self.takes("OR") {
            answer |= self.all_of()?;
        }
        Ok(answer)
    }

    fn all_of(&mut self) -> Result<bool, String> {
        let mut answer = self.one()?;
        while self.takes("AND") {
            answer &= self.one()?;
        }
        Ok(answer)
    }

    fn one(&mut self) -> Result<bool, String> {
        if self.takes("(") {
            let answer = self.any_of()?;
            return if self.takes(")") { Ok(answer) } else { Err("`)` is missing".to_owned()) };
        }
        let licence = self.identifier()?;
        let full = if self.takes("WITH") {
            format!("{licence} WITH {}", self.identifier()?)
        } else {
            licence.to_owned()
        };
        Ok(self.allowed.contains(&full))
    }

    fn identifier(&mut self) -> Result<&'a str, String> {
        match self.next() {
            None => Err("a licence is missing".to_owned()),
            Some(word) if ["AND", "OR", "WITH", "(", ")"].contains(&word) => {
                Err(format!("unexpected `{word}`"))
            }
            Some(word) => Ok(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    /// Allowed are MIT, ISC, and Apache-2.0 with the LLVM exception (but not Apache-2.0).
    fn check(expression: &str, expected: Result<bool, &str>) {
        let allowed = ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        let answer = satisfied(expression, &allowed);
        assert_eq!(answer, expected.map_err(str::to_owned), "{expression}");
    }

    #[test]
    fn expressions_are_decided() {
        check("MIT", Ok(true));
        check("GPL-3.0-only", Ok(false));
        check("mit", Ok(false));
        check("GPL-3.0-only OR MIT", Ok(true));
        check("MIT AND GPL-3.0-only", Ok(false));
        check("MIT AND ISC", Ok(true));
        check("GPL-3.0-only/MIT", Ok(true));
        check("GPL-3.0-only / MPL-2.0", Ok(false));
        check("Apache-2.0 WITH LLVM-exception", Ok(true));
        check("Apache-2.0", Ok(false));
        check("MIT WITH LLVM-exception", Ok(false));
        check("Apache-2.0 WITH LLVM-exception AND MIT", Ok(true));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        check("MIT OR ISC AND GPL-3.0-only", Ok(true));
        check("GPL-3.0-only AND ISC OR MIT", Ok(true));
        check("(MIT OR ISC) AND GPL-3.0-only", Ok(false));
        check("(GPL-3.0-only OR MIT) AND ISC", Ok(true));
        check("((MIT))", Ok(true));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        check("", Err("a licence is missing"));
        check("MIT OR", Err("a licence is missing"));
        check("MIT ISC", Err("unexpected `ISC`"));
        check("(MIT", Err("`)` is missing"));
        check("MIT)", Err("unexpected `)`"));
        check("OR MIT", Err("unexpected `OR`"));
        check("MIT WITH", Err("a licence is missing"));
    }
}
