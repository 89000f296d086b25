//! Pages as HTML: pure functions of a view, and of the manner in which it is shown.
//!
//! Every page works without script, by keyboard and at 320 pixels (WCAG 2.2 AA): one `h1`,
//! landmarks, labels and errors tied to their fields, and nothing said by colour alone.

mod card;
mod ends;
mod frame;
mod parts;
mod swish;
mod waiting;
mod ways;

use super::entries::Shown;
use super::html::Html;
use super::manner::Manner;
use super::till::{Mistake, Standing, View};
use super::words::{Words, about, amount, words};

pub(super) use ends::{missing, unanswered};

/// What is shown of a checkout: a way to pay it, or how it stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Page<'p> {
    /// All ways to pay.
    Ways,
    /// The form for a card.
    Card(&'p Shown, &'p [Mistake]),
    /// The form for Swish, with the phone's number as it was typed in.
    Swish(&'p str, &'p [Mistake]),
    /// How it stands.
    Standing(Glance),
}

/// With what in mind a payer looks at how a checkout stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Glance {
    /// The payer has just asked for a payment, and is sent on at once.
    pub(super) is_forwarded: bool,
    /// The payer has just asked how it stands.
    pub(super) has_asked: bool,
    /// The payer does not want the page to check by itself.
    pub(super) is_still: bool,
}

/// What all parts of a page draw on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'v> {
    pub(super) view: &'v View,
    pub(super) manner: &'v Manner,
    /// Makes each form that pays an attempt of its own.
    pub(super) nonce: &'v str,
}

impl Scene<'_> {
    fn words(&self) -> &'static Words {
        words(self.manner.language)
    }

    fn amount(&self) -> String {
        amount(self.manner.language, &self.view.amount, &self.view.currency)
    }

    fn address(&self, place: &str) -> String {
        self.manner.address(&self.view.id, place)
    }

    /// Where a link has to open that must not open inside the widget's frame.
    fn target(&self) -> Option<&'static str> {
        self.manner.is_widget.then_some("_top")
    }

    fn give_up(&self) -> String {
        about(self.words().give_up, &self.view.merchant)
    }

    fn back(&self) -> String {
        about(self.words().back_to, &self.view.merchant)
    }
}

/// Draws a page.
pub(super) fn page(scene: &Scene<'_>, page: Page<'_>) -> Html {
    match page {
        Page::Ways => ways::ways(scene),
        Page::Card(shown, mistakes) => card::card(scene, shown, mistakes),
        Page::Swish(phone, mistakes) => swish::swish(scene, phone, mistakes),
        Page::Standing(glance) => match &scene.view.standing {
            Standing::Open(None) => ways::ways(scene),
            Standing::Open(Some(ending)) => ends::not_paid(scene, *ending),
            Standing::Waiting(waiting) => waiting::waiting(scene, waiting, glance),
            Standing::Paid => ends::paid(scene),
            Standing::Expired => ends::expired(scene),
        },
    }
}

/// How a checkout stands, in a word that the page's script compares.
pub(super) fn standing_word(standing: &Standing) -> &'static str {
    match standing {
        Standing::Open(None) => "open",
        Standing::Open(Some(_)) => "ended",
        Standing::Waiting(_) => "waiting",
        Standing::Paid => "paid",
        Standing::Expired => "expired",
    }
}
