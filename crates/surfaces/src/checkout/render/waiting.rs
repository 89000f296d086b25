//! The page on which a payer waits, or goes on to another page.

use super::super::html::{Element, Html, element};
use super::super::qr;
use super::super::till::{Redirect, RedirectMethod, Waiting, Whose};
use super::super::words::about;
use super::frame::{CHECK_SECONDS, Frame, Motion, page};
use super::parts::{hidden, link, paragraph, post_button, whose};
use super::{Glance, Scene};
use crate::http::ways_back::origin;

/// What is to be done, how one sees that it is done, and a way to give up.
pub(super) fn waiting(scene: &Scene<'_>, waiting: &Waiting, glance: Glance) -> Html {
    let words = scene.words();
    match waiting {
        Waiting::Phone => {
            let content = vec![paragraph(words.waiting_phone)];
            wait(scene, content, glance, true)
        }
        Waiting::Code { token } => wait(scene, code(scene, token), glance, true),
        Waiting::Answer => {
            let content = vec![paragraph(words.waiting_answer)];
            wait(scene, content, glance, false)
        }
        Waiting::Elsewhere(redirect) if origin(&redirect.url).is_some() => {
            elsewhere(scene, redirect, glance)
        }
        // It is no web address, and nobody is sent there.
        Waiting::Elsewhere(_) => {
            let content = vec![paragraph(words.waiting_answer)];
            wait(scene, content, glance, true)
        }
    }
}

fn wait(scene: &Scene<'_>, content: Vec<Element>, glance: Glance, can_cancel: bool) -> Html {
    let mut content = content;
    content.extend(progress(scene, glance));
    content.extend(can_cancel.then(|| cancel(scene)));
    let motion = if glance.is_still { Motion::None } else { Motion::Checks };
    let heading = scene.words().waiting;
    page(scene, Frame { heading, content, place: "", motion, has_mistakes: false })
}

/// A code for another device, and a link for this one.
fn code(scene: &Scene<'_>, token: &str) -> Vec<Element> {
    let words = scene.words();
    let app = format!("swish://paymentrequest?token={}", encoded(token));
    let link = element("p").child(link(&app, words.open_app, "button second"));
    let code = qr::code(&format!("D{token}"), words.code_name);
    let text = paragraph(words.waiting_code);
    [Some(text), code, Some(link)].into_iter().flatten().collect()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).collect()
}

/// Whether the page checks by itself, which a payer may stop (WCAG 2.2.2), and a check by hand.
fn progress(scene: &Scene<'_>, glance: Glance) -> Vec<Element> {
    let words = scene.words();
    let checks = if glance.is_still {
        words.checks_not.to_owned()
    } else {
        about(words.checks, CHECK_SECONDS.to_string())
    };
    let status = element("div")
        .with("role", "status")
        .with("class", "progress")
        .child(glance.has_asked.then(|| paragraph(words.not_yet)))
        .child(paragraph(checks));
    let (still, switch) = if glance.is_still {
        ("", words.start_checking)
    } else {
        ("&auto=off", words.stop_checking)
    };
    let switch = link(&format!("{}{still}", scene.address("")), switch, "plain");
    let stays = if glance.is_still { "&auto=off" } else { "" };
    let ask = format!("{}{stays}", scene.address("ask"));
    vec![status, post_button(&ask, words.check_now, "button second"), element("p").child(switch)]
}

fn cancel(scene: &Scene<'_>) -> Element {
    post_button(&scene.address("cancel"), scene.words().cancel_payment, "plain")
}

/// The way to another page. A payer who has just asked for it is sent on at once; one who comes
/// back by the browser's button is not.
fn elsewhere(scene: &Scene<'_>, redirect: &Redirect, glance: Glance) -> Html {
    let words = scene.words();
    let name = whose(scene, words, redirect.whose);
    let text = match redirect.whose {
        Whose::Bank => words.go_on_bank.to_owned(),
        Whose::Way(_) => about(words.go_on_brand, name),
    };
    let label = about(words.go_on_to, name);
    // A frame of the widget is left by the payer's own hand only.
    let is_sent = glance.is_forwarded && !scene.manner.is_widget;
    // Who stays may have been there already, and what came of it is on its way.
    let staying = if glance.is_still { Motion::None } else { Motion::Checks };
    let (way, motion) = match redirect.method {
        RedirectMethod::Get => {
            let way = link(&redirect.url, label, "button").with_some("target", scene.target());
            let motion = if is_sent { Motion::Leaves(redirect.url.clone()) } else { staying };
            (element("p").child(way), motion)
        }
        RedirectMethod::Post => {
            let motion = if is_sent { Motion::None } else { staying };
            (posted(scene, redirect, &label, is_sent), motion)
        }
    };
    let mut content = vec![paragraph(text), paragraph(words.go_on_hint), way];
    if is_sent {
        content.push(post_button(&scene.address("ask"), words.check_now, "button second"));
    } else {
        content.extend(progress(scene, glance));
    }
    content.push(cancel(scene));
    let frame = Frame { heading: words.go_on, content, place: "", motion, has_mistakes: false };
    page(scene, frame)
}

fn posted(scene: &Scene<'_>, redirect: &Redirect, label: &str, is_sent: bool) -> Element {
    let values = redirect.parameters.iter().map(|(name, value)| hidden(name, value));
    element("form")
        .with("method", "post")
        .with("action", &redirect.url)
        .with_some("target", scene.target())
        .with_some("data-sent", is_sent.then_some("yes"))
        .child(values)
        .child(element("button").with("type", "submit").with("class", "button").text(label))
}
