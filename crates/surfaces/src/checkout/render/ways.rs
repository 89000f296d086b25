//! The page on which a payer chooses how to pay.

use super::super::html::{Element, Html, element};
use super::super::till::Way;
use super::super::words;
use super::Scene;
use super::frame::{Frame, Motion, page};
use super::parts::{attempt, hidden, leave, link, way_word};

/// All ways to pay. Those with a page of their own begin with a payment, the others with a form.
pub(super) fn ways(scene: &Scene<'_>) -> Html {
    let offered = scene.manner.offered(&scene.view.ways);
    let items = offered.into_iter().map(|own| element("li").child(way(scene, own)));
    let content = vec![
        element("ul").with("class", "ways").child(items),
        leave(scene, scene.give_up(), "plain"),
    ];
    let heading = scene.words().choose;
    let motion = Motion::Countdown;
    page(scene, Frame { heading, content, place: "pay", motion, has_mistakes: false })
}

fn way(scene: &Scene<'_>, own: Way) -> Element {
    let name = words::way(scene.manner.language, own);
    match own {
        Way::Card | Way::Swish => link(&scene.address(way_word(own)), name, "button"),
        Way::Klarna | Way::Easy | Way::Santander => attempt(scene, "hosted")
            .child(hidden("way", way_word(own)))
            .child(element("button").with("type", "submit").with("class", "button").text(name)),
    }
}

/// The way back to the other ways, where there are any.
pub(super) fn others(scene: &Scene<'_>) -> Option<Element> {
    let are_others = scene.manner.offered(&scene.view.ways).len() > 1;
    let link = || link(&scene.address("pay"), scene.words().other_way, "plain");
    are_others.then(|| element("p").child(link()))
}
