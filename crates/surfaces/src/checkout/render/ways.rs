//! The page on which a payer chooses how to pay.

use super::super::html::{Element, Html, element};
use super::super::till::Brand;
use super::super::words::brand;
use super::Scene;
use super::frame::{Frame, Motion, page};
use super::parts::{attempt, brand_word, hidden, leave, link};

/// All ways to pay. Those with a page of their own begin with a payment, the others with a form.
pub(super) fn ways(scene: &Scene<'_>) -> Html {
    let offered = scene.manner.offered(&scene.view.brands);
    let items = offered.into_iter().map(|brand| element("li").child(way(scene, brand)));
    let content = vec![
        element("ul").with("class", "ways").child(items),
        leave(scene, scene.give_up(), "plain"),
    ];
    let heading = scene.words().choose;
    let motion = Motion::Countdown;
    page(scene, Frame { heading, content, place: "pay", motion, has_mistakes: false })
}

fn way(scene: &Scene<'_>, own: Brand) -> Element {
    let name = brand(scene.manner.language, own);
    match own {
        Brand::Card | Brand::Swish => link(&scene.address(brand_word(own)), name, "button"),
        Brand::Klarna | Brand::Easy | Brand::Santander => attempt(scene, "hosted")
            .child(hidden("brand", brand_word(own)))
            .child(element("button").with("type", "submit").with("class", "button").text(name)),
    }
}

/// The way back to the other ways, where there are any.
pub(super) fn others(scene: &Scene<'_>) -> Option<Element> {
    let are_others = scene.manner.offered(&scene.view.brands).len() > 1;
    let link = || link(&scene.address("pay"), scene.words().other_way, "plain");
    are_others.then(|| element("p").child(link()))
}
