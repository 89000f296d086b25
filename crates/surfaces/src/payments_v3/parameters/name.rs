//! Names of parameters: `cart.items[0].name` is one of many of the kind `cart.items[].name`.

/// A name taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// The name without what stands in its brackets.
    pub(super) kind: String,
    /// What stands in its brackets.
    pub(super) key: Option<&'a str>,
}

impl<'a> Name<'a> {
    /// Takes a name apart. `None` where its brackets are not a pair.
    pub(super) fn of(name: &'a str) -> Option<Name<'a>> {
        let Some((base, rest)) = name.split_once('[') else {
            let is_plain = !name.contains(']');
            return is_plain.then(|| Name { kind: name.to_owned(), key: None });
        };
        let (key, rest) = rest.split_once(']')?;
        let is_pair = ![base, key, rest].iter().any(|part| part.contains(['[', ']']));
        is_pair.then(|| Name { kind: format!("{base}[]{rest}"), key: Some(key) })
    }

    /// What is wrong with what stands in the brackets, where it is wrong.
    pub(super) fn key_fault(&self) -> Option<&'static str> {
        let key = self.key?;
        let within = |shortest, longest| (shortest..=longest).contains(&key.len());
        let (fits, message) = if self.kind.starts_with("customParameters[]") {
            let fits = within(3, 64) && key.bytes().all(|byte| is_word(byte) || byte == b'.');
            (fits, "needs a name of 3 to 64 letters, digits, dots and underscores in brackets")
        } else if self.kind.starts_with("overridePaymentType[]") {
            let fits = within(1, 32) && key.bytes().all(is_word);
            (fits, "needs a brand of 1 to 32 letters, digits and underscores in brackets")
        } else {
            let fits = within(1, 3) && key.bytes().all(|byte| byte.is_ascii_digit());
            (fits, "needs a number of at most three digits in brackets")
        };
        (!fits).then_some(message)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        check("amount", Some(("amount", None, true)));
        check("card.number", Some(("card.number", None, true)));
        check("cart.items[0].name", Some(("cart.items[].name", Some("0"), true)));
        check("cart.items[999].name", Some(("cart.items[].name", Some("999"), true)));
        check("cart.items[1000].name", Some(("cart.items[].name", Some("1000"), false)));
        check("cart.items[].name", Some(("cart.items[].name", Some(""), false)));
        check("cart.items[a].name", Some(("cart.items[].name", Some("a"), false)));
        check("registrations[1].id", Some(("registrations[].id", Some("1"), true)));
        check("customParameters[3DS2_flow]", Some(("customParameters[]", Some("3DS2_flow"), true)));
        check("customParameters[a.b]", Some(("customParameters[]", Some("a.b"), true)));
        check("customParameters[ab]", Some(("customParameters[]", Some("ab"), false)));
        check("customParameters[a-b]", Some(("customParameters[]", Some("a-b"), false)));
        let (longest, longer) = ("n".repeat(64), "n".repeat(65));
        let kind = "customParameters[]";
        check(&format!("customParameters[{longest}]"), Some((kind, Some(&longest), true)));
        check(&format!("customParameters[{longer}]"), Some((kind, Some(&longer), false)));
        let kind = "overridePaymentType[]";
        check("overridePaymentType[VISA]", Some((kind, Some("VISA"), true)));
        check("overridePaymentType[]", Some((kind, Some(""), false)));
        for bad in ["a[", "a]", "a[0", "a]0[", "a[[0]]", "a[0][1]", "a[0]]"] {
            check(bad, None);
        }
    }

    #[track_caller]
    fn check(name: &str, expected: Option<(&str, Option<&str>, bool)>) {
        let read = Name::of(name);
        let read =
            read.as_ref().map(|name| (name.kind.as_str(), name.key, name.key_fault().is_none()));
        assert_eq!(read, expected, "{name}");
    }
}
