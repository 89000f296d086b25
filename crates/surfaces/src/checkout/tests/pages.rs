//! The pages as they are sent, one file each. Write them anew with `UPDATE_EXPECT=1`.

use expect_test::{ExpectFile, expect_file};

use super::fake::view;
use super::{ID, LIFE_MS, RETURN_URL};
use crate::checkout::entries::Shown;
use crate::checkout::manner::Manner;
use crate::checkout::render::{Glance, Page, Scene, missing, page, unanswered};
use crate::checkout::{
    Decline, Ending, Fault, Field, Framer, Mistake, Redirect, RedirectMethod, Standing, View,
    Waiting, Way, Whose,
};

/// What an attacker would like to see in a page as it is.
const HOSTILE: &str = "\"'><script>alert(1)</script>&amp;";

fn draw(query: &str, view: &View, shown: Page<'_>) -> String {
    let manner = Manner::of(query, "");
    let nonce = "11111111111111111111111111111111";
    page(&Scene { view, manner: &manner, nonce }, shown).as_str().to_owned()
}

/// One tag a line, so that differences can be read.
fn lines(html: &str) -> String {
    html.replace("><", ">\n<")
}

fn check(html: &str, expected: &ExpectFile) {
    expected.assert_eq(&lines(html));
}

fn stands(standing: Standing) -> View {
    View { standing, ..view(ID, RETURN_URL) }
}

fn standing() -> Page<'static> {
    Page::Standing(Glance::default())
}

#[test]
fn ways_to_pay() {
    let view = view(ID, RETURN_URL);
    check(&draw("lang=sv", &view, Page::Ways), &expect_file!["pages/ways.sv.html"]);
    check(&draw("lang=en", &view, Page::Ways), &expect_file!["pages/ways.en.html"]);
}

#[test]
fn card_forms() {
    let view = view(ID, RETURN_URL);
    let (empty, shown) = (Shown::default(), Shown { holder: "Al".to_owned(), ..Shown::default() });
    let mistakes = [
        Mistake { field: Field::Number, fault: Fault::Missing },
        Mistake { field: Field::Year, fault: Fault::Past },
    ];
    let form = draw("lang=sv", &view, Page::Card(&empty, &[]));
    check(&form, &expect_file!["pages/card.sv.html"]);
    let again = draw("lang=en&widget=1", &view, Page::Card(&shown, &mistakes));
    check(&again, &expect_file!["pages/card-mistakes.en.html"]);
}

#[test]
fn swish_form() {
    let mistakes = [Mistake { field: Field::Phone, fault: Fault::Malformed }];
    let again = draw("lang=en", &view(ID, RETURN_URL), Page::Swish("070", &mistakes));
    check(&again, &expect_file!["pages/swish.en.html"]);
}

#[test]
fn waiting() {
    let phone = stands(Standing::Waiting(Waiting::Phone));
    check(&draw("lang=sv", &phone, standing()), &expect_file!["pages/waiting-phone.sv.html"]);
    let token = "abc&def".to_owned();
    let code = stands(Standing::Waiting(Waiting::Code { token }));
    let glance = Glance { has_asked: true, is_still: true, is_forwarded: false };
    let asked = draw("lang=en", &code, Page::Standing(glance));
    check(&asked, &expect_file!["pages/waiting-code.en.html"]);
}

#[test]
fn pages_of_others() {
    let klarna = stands(Standing::Waiting(Waiting::Elsewhere(Redirect {
        url: "https://klarna.example/pay?a=1&b=2".to_owned(),
        method: RedirectMethod::Get,
        parameters: Vec::new(),
        whose: Whose::Way(Way::Klarna),
    })));
    let glance = Glance { is_forwarded: true, ..Glance::default() };
    let sent = draw("lang=en", &klarna, Page::Standing(glance));
    check(&sent, &expect_file!["pages/elsewhere-klarna.en.html"]);
    let returned = draw("lang=en", &klarna, standing());
    // Who comes back is not sent there again, and sees what comes of it.
    assert!(!returned.contains("url=") && returned.contains("data-checks"), "{returned}");
    let widget = draw("lang=en&widget=1", &klarna, Page::Standing(glance));
    assert!(!widget.contains("url=") && widget.contains("target=\"_top\""), "{widget}");
    let bank = stands(Standing::Waiting(Waiting::Elsewhere(Redirect {
        url: "https://acs.example/".to_owned(),
        method: RedirectMethod::Post,
        parameters: vec![("PaReq".to_owned(), HOSTILE.to_owned())],
        whose: Whose::Bank,
    })));
    let sent = draw("lang=sv", &bank, Page::Standing(glance));
    check(&sent, &expect_file!["pages/elsewhere-bank.sv.html"]);
}

#[test]
fn ends() {
    for (standing_now, query, expected) in [
        (Standing::Paid, "lang=sv", expect_file!["pages/paid.sv.html"]),
        (Standing::Expired, "lang=en", expect_file!["pages/expired.en.html"]),
        (
            Standing::Open(Some(Ending::Declined(Decline::Funds))),
            "lang=en",
            expect_file!["pages/declined.en.html"],
        ),
        (
            Standing::Open(Some(Ending::Cancelled)),
            "lang=sv",
            expect_file!["pages/cancelled.sv.html"],
        ),
    ] {
        check(&draw(query, &stands(standing_now), standing()), &expected);
    }
    let manner = Manner::of("lang=sv", "");
    check(missing(&manner).as_str(), &expect_file!["pages/missing.sv.html"]);
    check(unanswered(&manner, "/again").as_str(), &expect_file!["pages/unanswered.sv.html"]);
}

#[test]
fn the_end_of_time_is_told_before_it_comes() {
    let left = |left_ms, may_extend| {
        draw("lang=en", &View { left_ms, may_extend, ..view(ID, RETURN_URL) }, Page::Ways)
    };
    let early = left(LIFE_MS, true);
    assert!(early.contains("You have 30 minutes left to pay."), "{early}");
    assert!(early.contains("Give me more time"), "{early}");
    let late = left(119_000, true);
    assert!(late.contains("role=\"alert\">Time is nearly up: 119 seconds left."), "{late}");
    assert!(!left(LIFE_MS, false).contains("Give me more time"), "it cannot be given");
}

/// Every text that others say, in every page.
#[test]
fn hostile_texts_stay_texts() {
    let hostile = |standing| View {
        merchant: HOSTILE.to_owned(),
        reference: Some(HOSTILE.to_owned()),
        amount: HOSTILE.to_owned(),
        currency: HOSTILE.to_owned(),
        framers: vec![Framer::Origin(HOSTILE.to_owned())],
        return_url: format!("https://shop/{HOSTILE}"),
        ..stands(standing)
    };
    let redirect = |method, url: &str| {
        Standing::Waiting(Waiting::Elsewhere(Redirect {
            url: url.to_owned(),
            method,
            parameters: vec![(HOSTILE.to_owned(), HOSTILE.to_owned())],
            whose: Whose::Bank,
        }))
    };
    let url = format!("https://acs.example/{HOSTILE}");
    let shown = Shown { holder: HOSTILE.to_owned(), ..Shown::default() };
    let mistakes = [Mistake { field: Field::Holder, fault: Fault::Missing }];
    let glance = Glance { is_forwarded: true, has_asked: true, is_still: false };
    for (standing, page) in [
        (Standing::Open(None), Page::Ways),
        (Standing::Open(None), Page::Card(&shown, &mistakes)),
        (Standing::Open(None), Page::Swish(HOSTILE, &mistakes)),
        (Standing::Open(Some(Ending::TimedOut)), Page::Standing(glance)),
        (Standing::Paid, Page::Standing(glance)),
        (Standing::Expired, Page::Standing(glance)),
        (redirect(RedirectMethod::Get, &url), Page::Standing(glance)),
        (redirect(RedirectMethod::Post, &url), Page::Standing(glance)),
        (redirect(RedirectMethod::Get, "javascript:alert(1)"), Page::Standing(glance)),
        (Standing::Waiting(Waiting::Code { token: HOSTILE.to_owned() }), Page::Standing(glance)),
    ] {
        let query = "lang=en&widget=1&brands=%22%3E%3Cscript%3E";
        let html = draw(query, &hostile(standing), page);
        assert!(!html.contains("<script>alert"), "{html}");
        assert!(!html.contains("\"'>"), "{html}");
        assert!(!html.contains("javascript:"), "{html}");
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert_eq!(html.matches("<h1>").count(), 1, "{html}");
    }
}
