//! Which settings do not go together, though each is fine by itself.

use super::Effective;

/// A setting that must change, and why, as the end of a sentence that begins with its name.
pub type Conflict = (&'static str, &'static str);

/// Parts that an address in the United States must have.
const US_ADDRESS: [&str; 4] =
    ["address.line1", "address.city", "address.region", "address.postal_code"];

/// The first setting that does not go with the others.
pub fn conflict(effective: &Effective) -> Option<Conflict> {
    conflicts(effective).into_iter().next()
}

/// All settings that do not go with the others.
pub fn conflicts(effective: &Effective) -> Vec<Conflict> {
    let mut found = Vec::new();
    window(effective, &mut found);
    address(effective, &mut found);
    percentages(effective, &mut found);
    deferred_authorization(effective, &mut found);
    found
}

fn window(effective: &Effective, found: &mut Vec<Conflict>) {
    let (start, duration) = ("maintenance_window.start", "maintenance_window.duration");
    match (effective.text(start), effective.text(duration)) {
        (None, Some(_)) => found.push((start, "is required with a duration")),
        (Some(_), None) => found.push((duration, "is required with a start")),
        (None, None) | (Some(_), Some(_)) => {}
    }
}

fn address(effective: &Effective, found: &mut Vec<Conflict>) {
    let has_any = effective.iter().any(|(name, _, _)| name.starts_with("address."));
    match effective.text("address.country") {
        None if has_any => found.push(("address.country", "is required with an address")),
        Some("US") => {
            let missing = US_ADDRESS.into_iter().filter(|part| effective.text(part).is_none());
            found.extend(missing.map(|part| (part, "is required with the country US")));
        }
        None | Some(_) => {}
    }
}

fn percentages(effective: &Effective, found: &mut Vec<Conflict>) {
    const LOW: &str = "tip.terminal_display.percentage_guide.percentage_low";
    const MEDIUM: &str = "tip.terminal_display.percentage_guide.percentage_medium";
    const HIGH: &str = "tip.terminal_display.percentage_guide.percentage_high";
    if effective.number(LOW) > effective.number(MEDIUM) {
        found.push((LOW, "must not exceed percentage_medium"));
    }
    if effective.number(MEDIUM) > effective.number(HIGH) {
        found.push((MEDIUM, "must not exceed percentage_high"));
    }
}

fn deferred_authorization(effective: &Effective, found: &mut Vec<Conflict>) {
    const TOTAL: &str = "deferred_authorization.max_total_amount";
    if effective.number(TOTAL) < effective.number("deferred_authorization.max_transaction_amount") {
        found.push((TOTAL, "must not be less than max_transaction_amount"));
    }
}

#[cfg(test)]
mod tests {
    use ledger::Directory;

    use super::*;
    use crate::settings::{Layer, with_own};

    #[test]
    fn settings_that_do_not_go_together_are_named() {
        let guide = "tip.terminal_display.percentage_guide.percentage_";
        let (low, medium, high) =
            (format!("{guide}low"), format!("{guide}medium"), format!("{guide}high"));
        let (low, medium, high) = (low.as_str(), medium.as_str(), high.as_str());
        let total = "deferred_authorization.max_total_amount";
        let each = "deferred_authorization.max_transaction_amount";
        let us = [("address.country", "US")];
        let missing = US_ADDRESS.as_slice();
        check(&[], &[]);
        check(&[("maintenance_window.start", "3")], &["maintenance_window.duration"]);
        check(&[("maintenance_window.duration", "3")], &["maintenance_window.start"]);
        check(&[("maintenance_window.start", "3"), ("maintenance_window.duration", "3")], &[]);
        check(&[("address.city", "Åre")], &["address.country"]);
        check(&[("address.city", "Åre"), ("address.country", "SE")], &[]);
        check(&us, missing);
        let whole: Vec<_> = us.into_iter().chain(US_ADDRESS.map(|part| (part, "x"))).collect();
        check(&whole, &[]);
        check(&[(low, "18")], &[]);
        check(&[(low, "19")], &[low]);
        check(&[(low, "0"), (medium, "0"), (high, "0")], &[]);
        check(&[(low, "3"), (medium, "2"), (high, "1")], &[low, medium]);
        check(&[(total, "12500")], &[]);
        check(&[(total, "12499")], &[total]);
        check(&[(each, "250001")], &[total]);
    }

    #[track_caller]
    fn check(chosen: &[(&str, &str)], wrong: &[&str]) {
        let mut layer = Layer::default();
        for (name, value) in chosen {
            layer.choose(name, *value);
        }
        let effective = with_own(&Directory::default(), 0, &layer);
        let found: Vec<&str> = conflicts(&effective).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, wrong, "{chosen:?}");
        assert_eq!(conflict(&effective).map(|(name, _)| name), wrong.first().copied());
    }
}
