//! The first answer stays, whoever else answers.

use super::*;
use crate::Command;
use crate::world::World;

fn fix(payment: i64, status: u16, body: &str) -> Command {
    Command::FixAnswer(FixAnswer(FirstAnswer { payment, status, body: body.to_owned() }))
}

#[test]
fn the_first_answer_stays() {
    let mut world = World::new();
    let first =
        FirstAnswer { payment: 7, status: 202, body: "{\"ö\":\"\\u0000 🦊\"}".to_owned() };
    let cases = [
        (fix(7, 202, &first.body), false, first.clone()),
        (fix(7, 202, &first.body), true, first.clone()),
        (fix(7, 201, ""), true, first),
        (fix(8, 201, ""), false, FirstAnswer { payment: 8, status: 201, body: String::new() }),
    ];
    for (command, replayed, expected) in cases {
        let answer = world.run(command).unwrap();
        assert_eq!(answer, Answer { done: Outcome::FirstAnswer(expected), replayed });
    }
    let answers = world.batch(vec![fix(9, 202, "a"), fix(9, 201, "b")]);
    let bodies = answers.into_iter().map(|answer| {
        let done = answer.unwrap().done;
        let Outcome::FirstAnswer(first) = done else { panic!("{done:?}") };
        first.body
    });
    assert_eq!(bodies.collect::<Vec<_>>(), ["a", "a"]);
    world.verify();
}

#[test]
fn what_is_no_answer_is_none() {
    let fields = |status: &str| Fields::default().with("status", Some(status));
    for fields in [fields("202"), fields("70000").with("body", Some("")), Fields::default()] {
        assert_eq!(FirstAnswer::of(&Document::new(FirstAnswer::id(1), fields)), None);
    }
}
