//! The form for a card. It never has the number or the security code in it when it is shown.

use super::super::entries::Shown;
use super::super::html::{Element, Html, element};
use super::super::till::{Field, Mistake};
use super::super::words::{about, card_brand};
use super::Scene;
use super::frame::{Frame, Motion, page};
use super::parts::{Input, attempt, leave, paragraph, summary};
use super::ways::others;

/// The form, with what may be shown again of what was typed in, and what is wrong with it.
pub(super) fn card(scene: &Scene<'_>, shown: &Shown, mistakes: &[Mistake]) -> Html {
    let words = scene.words();
    let brands: Vec<&str> = scene.view.card_brands.iter().copied().map(card_brand).collect();
    let are_named = !brands.is_empty();
    let brands = are_named.then(|| paragraph(about(words.card_brands, brands.join(", "))));
    let pay = about(words.pay, scene.amount());
    let form = attempt(scene, "card")
        .child(paragraph(words.all_needed))
        .child(number(scene).draw(scene, mistakes))
        .child(holder(scene, shown).draw(scene, mistakes))
        .child(expiry(scene, shown, mistakes))
        .child(cvv(scene).draw(scene, mistakes))
        .child(scene.view.may_save_card.then(|| save(scene, shown)))
        .child(element("button").with("type", "submit").with("class", "button").text(pay));
    let content = [
        summary(scene, mistakes),
        brands,
        Some(form),
        others(scene),
        Some(leave(scene, scene.give_up(), "plain")),
    ];
    let frame = Frame {
        heading: words.by_card,
        content: content.into_iter().flatten().collect(),
        place: "card",
        motion: Motion::Countdown,
        has_mistakes: !mistakes.is_empty(),
    };
    page(scene, frame)
}

fn number(scene: &Scene<'_>) -> Input<'static> {
    Input {
        field: Field::Number,
        label: scene.words().number,
        hint: None,
        described_by: None,
        autocomplete: "cc-number",
        inputmode: "numeric",
        // 19 digits in groups of four.
        chars_max: 23,
        value: "",
    }
}

fn holder<'s>(scene: &Scene<'_>, shown: &'s Shown) -> Input<'s> {
    Input {
        field: Field::Holder,
        label: scene.words().holder,
        hint: None,
        described_by: None,
        autocomplete: "cc-name",
        inputmode: "text",
        chars_max: 128,
        value: &shown.holder,
    }
}

fn expiry(scene: &Scene<'_>, shown: &Shown, mistakes: &[Mistake]) -> Element {
    let words = scene.words();
    let part = |field, label, autocomplete, chars_max, value| Input {
        field,
        label,
        hint: None,
        described_by: Some("expiry-hint"),
        autocomplete,
        inputmode: "numeric",
        chars_max,
        value,
    };
    let month = part(Field::Month, words.month, "cc-exp-month", 2, shown.month.as_str());
    let year = part(Field::Year, words.year, "cc-exp-year", 4, shown.year.as_str());
    let parts = element("div")
        .with("class", "parts")
        .child(month.draw(scene, mistakes))
        .child(year.draw(scene, mistakes));
    element("fieldset")
        .child(element("legend").text(words.expiry))
        .child(paragraph(words.expiry_hint).with("id", "expiry-hint").with("class", "hint"))
        .child(parts)
}

fn cvv(scene: &Scene<'_>) -> Input<'static> {
    Input {
        field: Field::Cvv,
        label: scene.words().cvv,
        hint: Some(("cvv-hint", scene.words().cvv_hint)),
        described_by: None,
        autocomplete: "cc-csc",
        inputmode: "numeric",
        chars_max: 4,
        value: "",
    }
}

fn save(scene: &Scene<'_>, shown: &Shown) -> Element {
    let tick = element("input")
        .with("type", "checkbox")
        .with("id", "save")
        .with("name", "save")
        .with("value", "yes");
    let tick = if shown.is_saved { tick.flag("checked") } else { tick };
    let label = element("label").with("for", "save").text(scene.words().save_card);
    element("div").with("class", "tick").child(tick).child(label)
}
