//! The pages at the end: paid, not paid, expired; and those of no checkout.

use super::super::html::{Html, element};
use super::super::manner::Manner;
use super::super::till::Ending;
use super::super::words::{about, reason, words};
use super::Scene;
use super::frame::{Frame, Motion, bare, page};
use super::parts::{leave, link, paragraph};

/// The checkout is paid.
pub(super) fn paid(scene: &Scene<'_>) -> Html {
    let words = scene.words();
    let content = vec![
        paragraph(about(words.paid_text, scene.amount())).with("class", "paid"),
        leave(scene, scene.back(), "button"),
    ];
    end(scene, words.paid, content, Motion::None)
}

/// An attempt did not pay. There may be others.
pub(super) fn not_paid(scene: &Scene<'_>, ending: Ending) -> Html {
    let words = scene.words();
    let (heading, text) = match ending {
        Ending::Declined(decline) => (words.declined, Some(reason(scene.manner.language, decline))),
        Ending::Cancelled => (words.cancelled, None),
        Ending::TimedOut => (words.timed_out, Some(words.timed_out_text)),
    };
    let mut content: Vec<_> = text.map(paragraph).into_iter().collect();
    content.push(paragraph(words.no_money));
    content.push(element("p").child(link(&scene.address("pay"), words.try_again, "button")));
    content.push(leave(scene, scene.give_up(), "plain"));
    end(scene, heading, content, Motion::Countdown)
}

/// The checkout's time is over.
pub(super) fn expired(scene: &Scene<'_>) -> Html {
    let words = scene.words();
    let content = vec![paragraph(words.expired_text), leave(scene, scene.back(), "button")];
    end(scene, words.expired, content, Motion::None)
}

fn end(
    scene: &Scene<'_>,
    heading: &'static str,
    content: Vec<super::super::html::Element>,
    motion: Motion,
) -> Html {
    page(scene, Frame { heading, content, place: "", motion, has_mistakes: false })
}

/// There is no checkout with this id.
pub(in super::super) fn missing(manner: &Manner) -> Html {
    let words = words(manner.language);
    bare(manner, words.missing, vec![paragraph(words.missing_text)])
}

/// The till did not answer. `again` is the address at which one can see how it stands.
pub(in super::super) fn unanswered(manner: &Manner, again: &str) -> Html {
    let words = words(manner.language);
    let again = element("p").child(link(again, words.look_again, "button"));
    bare(manner, words.unanswered, vec![paragraph(words.unanswered_text), again])
}
