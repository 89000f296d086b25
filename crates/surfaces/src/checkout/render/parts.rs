//! Parts that several pages have: buttons, links, fields with their mistakes.

use super::super::html::{Element, element};
use super::super::till::{Fault, Field, Mistake, Way, Whose};
use super::super::words::{Words, mistake, way};
use super::Scene;

/// A paragraph.
pub(super) fn paragraph(text: impl AsRef<str>) -> Element {
    element("p").text(text)
}

/// A button that asks our own server for something.
pub(super) fn post_button(address: &str, label: &str, class: &str) -> Element {
    let button = element("button").with("type", "submit").with("class", class).text(label);
    element("form").with("method", "post").with("action", address).child(button)
}

/// A link that looks like what it is, or like a button where it is the way on.
pub(super) fn link(address: &str, label: impl AsRef<str>, class: &'static str) -> Element {
    element("a").with("class", class).with("href", address).text(label)
}

/// The way back to the merchant, which ends at its own address.
pub(super) fn leave(scene: &Scene<'_>, label: String, class: &'static str) -> Element {
    let link = link(&scene.address("leave"), label, class);
    element("p").child(link.with_some("target", scene.target()))
}

/// A value that a form carries.
pub(super) fn hidden(name: &str, value: &str) -> Element {
    element("input").with("type", "hidden").with("name", name).with("value", value)
}

/// A form that pays: one attempt, however often it is sent.
pub(super) fn attempt(scene: &Scene<'_>, place: &str) -> Element {
    element("form")
        .with("method", "post")
        .with("action", scene.address(place))
        .flag("novalidate")
        .child(hidden("nonce", scene.nonce))
}

/// The name by which a form sends a field, which is its id too.
pub(super) fn name(field: Field) -> &'static str {
    match field {
        Field::Number => "number",
        Field::Holder => "holder",
        Field::Month => "month",
        Field::Year => "year",
        Field::Cvv => "cvv",
        Field::Phone => "phone",
    }
}

/// A field of a form, with what is said of it.
pub(super) struct Input<'i> {
    pub(super) field: Field,
    pub(super) label: &'static str,
    /// A sentence below the label, with the id by which other fields may refer to it.
    pub(super) hint: Option<(&'static str, &'static str)>,
    /// The id of a sentence that stands elsewhere.
    pub(super) described_by: Option<&'static str>,
    /// The autofill field name (HTML Living Standard §4.10.18.7.1).
    pub(super) autocomplete: &'static str,
    /// The keyboard that is wanted.
    pub(super) inputmode: &'static str,
    /// Most characters.
    pub(super) chars_max: u16,
    pub(super) value: &'i str,
}

impl Input<'_> {
    /// Draws it with its mistake, where it has one.
    pub(super) fn draw(&self, scene: &Scene<'_>, mistakes: &[Mistake]) -> Element {
        let id = name(self.field);
        let fault = fault(mistakes, self.field);
        let error_id = format!("{id}-error");
        let described: Vec<&str> =
            [self.hint.map(|(hint, _)| hint), self.described_by, fault.map(|_| error_id.as_str())]
                .into_iter()
                .flatten()
                .collect();
        let described = (!described.is_empty()).then(|| described.join(" "));
        let input = element("input")
            .with("id", id)
            .with("name", id)
            .with("type", if self.inputmode == "tel" { "tel" } else { "text" })
            .with("inputmode", self.inputmode)
            .with("autocomplete", self.autocomplete)
            .with("maxlength", self.chars_max.to_string())
            .with("spellcheck", "false")
            .with_some("value", (!self.value.is_empty()).then_some(self.value))
            .with_some("aria-describedby", described.as_deref())
            .with_some("aria-invalid", fault.map(|_| "true"))
            .flag("required");
        let hint = self.hint.map(|(id, hint)| paragraph(hint).with("id", id).with("class", "hint"));
        let error = fault.map(|fault| {
            let text = mistake(scene.manner.language, self.field, fault);
            paragraph(text).with("id", &error_id).with("class", "mistake")
        });
        element("div")
            .with("class", format!("field {id}"))
            .child(element("label").with("for", id).text(self.label))
            .child(hint)
            .child(error)
            .child(input)
    }
}

fn fault(mistakes: &[Mistake], field: Field) -> Option<Fault> {
    mistakes.iter().find(|mistake| mistake.field == field).map(|mistake| mistake.fault)
}

/// All mistakes at one place, each leading to its field. Nothing where there are none.
pub(super) fn summary(scene: &Scene<'_>, mistakes: &[Mistake]) -> Option<Element> {
    if mistakes.is_empty() {
        return None;
    }
    let items = mistakes.iter().map(|Mistake { field, fault }| {
        let text = mistake(scene.manner.language, *field, *fault);
        element("li").child(link(&format!("#{}", name(*field)), text, "plain"))
    });
    let summary = element("div")
        .with("class", "summary")
        .with("role", "alert")
        .with("tabindex", "-1")
        .flag("autofocus")
        .child(element("h2").text(scene.words().mistakes))
        .child(element("ul").child(items));
    Some(summary)
}

/// Who is behind another page.
pub(super) fn whose(scene: &Scene<'_>, words: &Words, whose: Whose) -> &'static str {
    match whose {
        Whose::Bank => words.your_bank,
        Whose::Way(own) => way(scene.manner.language, own),
    }
}

/// The word of a way to pay in addresses and forms.
pub(super) fn way_word(way: Way) -> &'static str {
    match way {
        Way::Card => "card",
        Way::Swish => "swish",
        Way::Klarna => "klarna",
        Way::Easy => "easy",
        Way::Santander => "santander",
    }
}
