//! What is around every page: its head, the purchase, the time that is left, the languages.

use super::super::assets::{SCRIPT, STYLE};
use super::super::html::{Element, Html, element};
use super::super::manner::{Language, Manner};
use super::super::till::Framer;
use super::super::words::{about, words};
use super::parts::post_button;
use super::{Scene, standing_word};

/// From when on the time that is left is a warning, in milliseconds. WCAG 2.2.1 wants 20 seconds
/// at least.
const WARNING_MS: i64 = 120_000;

/// How often a page without script checks by itself how a payment stands, in seconds.
pub(super) const CHECK_SECONDS: u32 = 5;

/// What makes a page.
pub(super) struct Frame {
    /// The page's `h1` and the start of its title.
    pub(super) heading: &'static str,
    /// What follows the heading.
    pub(super) content: Vec<Element>,
    /// The word of the address by which the page is got again.
    pub(super) place: &'static str,
    /// What the page does by itself.
    pub(super) motion: Motion,
    /// Whether what the payer typed in has mistakes.
    pub(super) has_mistakes: bool,
}

/// What a page does by itself.
pub(super) enum Motion {
    /// Nothing.
    None,
    /// It counts the time down that is left to pay.
    Countdown,
    /// It checks how the payment stands: without script, it is loaded again.
    Checks,
    /// It goes on to another address at once.
    Leaves(String),
}

/// A whole page of a checkout.
pub(super) fn page(scene: &Scene<'_>, frame: Frame) -> Html {
    let words = scene.words();
    let title = if frame.has_mistakes {
        about(words.error, frame.heading)
    } else {
        frame.heading.to_owned()
    };
    let title = format!("{title} – {}", about(words.payment_to, &scene.view.merchant));
    let is_counting = matches!(frame.motion, Motion::Countdown);
    let state = format!("/checkout/{}/state", scene.view.id);
    let body = element("body")
        .with("data-standing", standing_word(&scene.view.standing))
        .with("data-state", state)
        .with("data-left-ms", scene.view.left_ms.to_string())
        .with_some("data-checks", matches!(frame.motion, Motion::Checks).then_some("yes"))
        .with_some("data-frames", scene.target().map(|_| frames(scene)).as_deref())
        .child(element("header").child(purchase(scene)).child(languages(scene, frame.place)))
        .child(is_counting.then(|| countdown(scene, frame.place)))
        .child(main(frame.heading, frame.content));
    document(scene.manner, &title, head(&frame.motion), body)
}

/// A page of no checkout.
pub(super) fn bare(manner: &Manner, heading: &str, content: Vec<Element>) -> Html {
    document(manner, heading, None, element("body").child(main(heading, content)))
}

fn main(heading: &str, content: Vec<Element>) -> Element {
    element("main").child(element("h1").text(heading)).child(content)
}

fn document(manner: &Manner, title: &str, extra: Option<Element>, body: Element) -> Html {
    let viewport = "width=device-width, initial-scale=1";
    let style = element("link")
        .with("rel", "stylesheet")
        .with("href", &STYLE.address)
        .with("integrity", &STYLE.integrity);
    let script = element("script")
        .with("src", &SCRIPT.address)
        .with("integrity", &SCRIPT.integrity)
        .flag("defer");
    let meta = |name, content| element("meta").with("name", name).with("content", content);
    let head = element("head")
        .child(element("meta").with("charset", "utf-8"))
        .child(meta("viewport", viewport))
        .child(meta("robots", "noindex"))
        .child(meta("color-scheme", "light dark"))
        .child(element("title").text(title))
        .child(style)
        .child(script)
        .child(extra);
    let root = element("html").with("lang", manner.language.tag());
    let widget = manner.is_widget.then_some("widget");
    Html::document(root.with_some("class", widget).child(head).child(body))
}

/// What the head says beyond what every head says.
fn head(motion: &Motion) -> Option<Element> {
    let refresh =
        |content: String| element("meta").with("http-equiv", "refresh").with("content", content);
    match motion {
        Motion::None | Motion::Countdown => None,
        // With script, nothing is loaded again until there is news.
        Motion::Checks => Some(element("noscript").child(refresh(CHECK_SECONDS.to_string()))),
        Motion::Leaves(url) => Some(refresh(format!("0;url={url}"))),
    }
}

fn purchase(scene: &Scene<'_>) -> Vec<Element> {
    let (words, view) = (scene.words(), scene.view);
    let row = |name: &str, value: &str| {
        element("div").child(element("dt").text(name)).child(element("dd").text(value))
    };
    let rows = element("dl")
        .with("aria-label", words.purchase)
        .child(row(words.payee, &view.merchant))
        .child(view.reference.as_deref().map(|reference| row(words.reference, reference)))
        .child(row(words.amount, &scene.amount()).with("class", "amount"));
    let test = view.is_test.then(|| element("p").with("class", "test").text(words.test));
    [rows].into_iter().chain(test).collect()
}

/// Each language in itself, so that its speakers find it.
fn languages(scene: &Scene<'_>, place: &str) -> Element {
    let items = Language::ALL.map(|language| {
        let name = language.name();
        let address = scene.manner.in_language(language).address(&scene.view.id, place);
        let link = element("a").with("lang", language.tag()).with("hreflang", language.tag());
        let link = link.with("href", address).text(name);
        let is_current = language == scene.manner.language;
        element("li").child(link.with_some("aria-current", is_current.then_some("true")))
    });
    element("nav")
        .with("aria-label", scene.words().languages)
        .child(element("ul").with("class", "languages").child(items))
}

/// How much time is left, and a way to get more (WCAG 2.2.1).
fn countdown(scene: &Scene<'_>, place: &str) -> Element {
    let words = words(scene.manner.language);
    let left_ms = scene.view.left_ms.max(0);
    let is_warning = left_ms <= WARNING_MS;
    let text = if is_warning {
        about(words.seconds_left, (left_ms / 1_000).to_string())
    } else {
        about(words.minutes_left, (left_ms.saturating_add(59_999) / 60_000).to_string())
    };
    let text = element("p").with("id", "left").text(text);
    let address = format!("{}&at={place}", scene.address("extend"));
    let button = scene.view.may_extend.then(|| post_button(&address, words.extend, "plain"));
    element("aside")
        .with("id", "countdown")
        .with("aria-label", words.time)
        .with_some("class", is_warning.then_some("warning"))
        .with("data-minutes", words.minutes_left)
        .with("data-seconds", words.seconds_left)
        .with("data-extended", words.extended)
        .with("data-warning-ms", WARNING_MS.to_string())
        .child(text.with_some("role", is_warning.then_some("alert")))
        .child(element("p").with("id", "told").with("class", "aloud").with("role", "status"))
        .child(button)
}

/// Who may hear from the page's script, for the widget: origins, and `*` where who may frame the
/// page cannot be named. Browsers see to it that nobody else does.
fn frames(scene: &Scene<'_>) -> String {
    let named = scene.view.framers.iter().map(|framer| match framer {
        Framer::Origin(origin) => origin.as_str(),
        Framer::AnyHttps | Framer::Loopback => "*",
    });
    named.collect::<Vec<_>>().join(" ")
}
