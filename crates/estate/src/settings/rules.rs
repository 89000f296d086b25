//! Which settings do not go together, though each is fine by itself.

use super::{Effective, Layer};

/// A setting that must change, and why, as the end of a sentence that begins with its name.
pub type Conflict = (&'static str, &'static str);

/// Parts that an address in the United States must have.
const US_ADDRESS: [&str; 4] =
    ["address.line1", "address.city", "address.region", "address.postal_code"];

/// The settings that do not go with the others and that a change is about: it names them, or some
/// that they must go with. What others have brought about is no fault of a change that is about
/// something else: the layers below a customer are not looked at when it chooses.
pub fn conflicts_of(change: &Layer, effective: &Effective) -> Vec<Conflict> {
    let mut found = conflicts(effective);
    found.retain(|(name, _)| change.is_about(group(name)));
    found
}

/// What a setting's name begins with. Settings that must go together have this in common.
fn group(name: &str) -> Option<&str> {
    name.rsplit_once('.').map(|(group, _)| group)
}

impl Layer {
    fn is_about(&self, wanted: Option<&str>) -> bool {
        let chosen = self.chosen.iter().map(|(name, _)| name);
        let mut named = chosen.chain(self.withdrawn.iter().map(String::as_str));
        named.any(|name| group(name) == wanted)
    }
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
    use crate::settings::with_own;

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

    #[test]
    fn a_change_answers_for_what_it_is_about() {
        let mut kept = Layer::default();
        kept.choose("maintenance_window.start", "3");
        let effective = with_own(&Directory::default(), 0, &kept);
        let found = |change: &Layer| conflicts_of(change, &effective).len();
        let mut other = Layer::default();
        other.choose("name", "Kassa");
        other.choose("address.country", "SE");
        assert_eq!((found(&kept), found(&other), found(&Layer::default())), (1, 0, 0));
        let mut taken_away = Layer::default();
        taken_away.withdraw("maintenance_window.duration");
        assert_eq!(found(&taken_away), 1);
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
        assert_eq!(conflicts_of(&layer, &effective), conflicts(&effective), "{chosen:?}");
    }
}
