//! The form for Swish: on the phone with a number, or on whichever phone scans a code.

use super::super::html::{Html, element};
use super::super::till::{Field, Mistake};
use super::super::words::about;
use super::Scene;
use super::frame::{Frame, Motion, page};
use super::parts::{Input, attempt, hidden, leave, paragraph, summary};
use super::ways::others;

/// Both ways to pay with Swish.
pub(super) fn swish(scene: &Scene<'_>, phone: &str, mistakes: &[Mistake]) -> Html {
    let words = scene.words();
    let input = Input {
        field: Field::Phone,
        label: words.phone,
        hint: Some(("phone-hint", words.phone_hint)),
        described_by: None,
        autocomplete: "tel",
        inputmode: "tel",
        chars_max: 30,
        value: phone,
    };
    let button = |class, label: &str| {
        element("button").with("type", "submit").with("class", class).text(label)
    };
    let by_phone = attempt(scene, "swish")
        .child(input.draw(scene, mistakes))
        .child(button("button", &about(words.pay, scene.amount())));
    let by_code = attempt(scene, "swish")
        .child(hidden("by", "code"))
        .child(button("button second", words.show_code));
    let other_device = element("section")
        .with("aria-labelledby", "other-device")
        .child(element("h2").with("id", "other-device").text(words.other_device))
        .child(paragraph(words.other_device_hint))
        .child(by_code);
    let content = [
        summary(scene, mistakes),
        Some(by_phone),
        Some(other_device),
        others(scene),
        Some(leave(scene, scene.give_up(), "plain")),
    ];
    let frame = Frame {
        heading: words.by_swish,
        content: content.into_iter().flatten().collect(),
        place: "swish",
        motion: Motion::Countdown,
        has_mistakes: !mistakes.is_empty(),
    };
    page(scene, frame)
}
