//! What merchants have agreed: each refusal in the order of precedence, and each step.

use super::*;
use crate::Command;
use crate::world::{CUSTOMER, World};

fn set(value: &str) -> TermStep {
    TermStep::Set(value.to_owned())
}

/// Takes steps with one value of the agreement with Klarna, of which there is none at first, and
/// tells what it came to.
fn after(steps: &[TermStep]) -> Result<Option<Term>, Refusal> {
    let mut world = World::new();
    let delete = |change: &mut ChangePayee| {
        change.terms = vec![(Psp::Klarna, "key".to_owned(), TermStep::Delete)];
    };
    world.run(World::payee(delete)).unwrap();
    let (last, first) = steps.split_last().unwrap();
    for step in first {
        let step = (Psp::Klarna, "key".to_owned(), step.clone());
        world.run(World::payee(|change| change.terms = vec![step])).unwrap();
    }
    let step = (Psp::Klarna, "key".to_owned(), last.clone());
    let answer = world.run(World::payee(|change| change.terms = vec![step]))?;
    let Outcome::Payee(payee) = answer.done else { panic!("{answer:?}") };
    let kept = Payee::find(&store::Store::directory(&world.store), CUSTOMER);
    assert_eq!(payee, kept);
    world.verify();
    let term = kept.agreements.get(&Psp::Klarna).map(|terms| terms["key"].clone());
    assert_eq!(kept.has(Psp::Klarna), term.as_ref().is_some_and(is_in_force));
    Ok(term)
}

fn is_in_force(term: &Term) -> bool {
    !term.is_off && !term.is_deleted
}

#[test]
fn each_step_comes_to_this() {
    let (off, on) = (TermStep::Switch { off: true }, TermStep::Switch { off: false });
    let (mark, delete) = (TermStep::MarkDeleted, TermStep::Delete);
    let replace = |before: &str, after: &str| TermStep::Replace {
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let term = |sealed: &str, is_off, is_deleted| {
        Ok(Some(Term { sealed: sealed.to_owned(), is_off, is_deleted }))
    };
    let unknown = Err(Refusal::AgreementNotFound);
    let deleted = Err(Refusal::AgreementDeleted);
    let cases = [
        (vec![off.clone()], unknown.clone()),
        (vec![mark.clone()], unknown.clone()),
        (vec![delete.clone()], unknown.clone()),
        (vec![replace("a", "b")], unknown.clone()),
        (vec![set("a"), delete.clone(), mark.clone()], unknown),
        (vec![set("a"), mark.clone(), on.clone()], deleted.clone()),
        (vec![set("a"), mark.clone(), off.clone()], deleted.clone()),
        (vec![set("a"), mark.clone(), mark.clone()], deleted),
        (vec![set("a")], term("a", false, false)),
        (vec![set("a"), off.clone()], term("a", true, false)),
        (vec![set("a"), off.clone(), on], term("a", false, false)),
        (vec![set("a"), off.clone(), set("b")], term("b", false, false)),
        (vec![set("a"), mark.clone()], term("a", false, true)),
        (vec![set("a"), mark.clone(), set("b")], term("b", false, false)),
        (vec![set("a"), mark.clone(), delete.clone()], Ok(None)),
        (vec![set("a"), delete], Ok(None)),
        (vec![set("a"), off, replace("a", "b")], term("b", true, false)),
        (vec![set("a"), mark, replace("a", "b")], term("b", false, true)),
        (vec![set("a"), replace("c", "b")], term("a", false, false)),
    ];
    for (steps, expected) in cases {
        assert_eq!(after(&steps), expected, "{steps:?}");
    }
}

#[test]
fn who_is_unknown_agrees_nothing() {
    let mut world = World::new();
    let unknown = World::payee(|change| {
        change.customer = 3;
        change.terms = vec![(Psp::Klarna, "none".to_owned(), TermStep::MarkDeleted)];
    });
    assert_eq!(world.run(unknown), Err(Refusal::MerchantNotFound));
    let nobody = Payee::find(&store::Store::directory(&world.store), 3);
    assert_eq!(nobody, Payee { customer: 3, ..Payee::default() });
    assert!(Psp::ALL.into_iter().all(|psp| !nobody.has(psp)));
}

#[test]
fn what_is_not_said_stays_and_one_refusal_refuses_all() {
    let mut world = World::new();
    let said = World::payee(|change| {
        change.is_inactive = Some(true);
        change.vat_number = Some("SE556000000001".to_owned());
        change.city = Some("Åre".to_owned());
        change.country = Some("SE".to_owned());
        change.end_of_day = Some("23:30".to_owned());
        change.terms = vec![(Psp::Swish, "number".to_owned(), set("å🦊"))];
    });
    world.run(said).unwrap();
    let before = Payee::find(&store::Store::directory(&world.store), CUSTOMER);
    let wrong = World::payee(|change| {
        change.is_inactive = Some(false);
        change.terms = vec![
            (Psp::Swish, "number".to_owned(), TermStep::Delete),
            (Psp::Swish, "number".to_owned(), TermStep::Delete),
        ];
    });
    assert_eq!(world.run(wrong), Err(Refusal::AgreementNotFound));
    world.run(World::payee(|_| {})).unwrap();
    let after = Payee::find(&store::Store::directory(&world.store), CUSTOMER);
    assert_eq!(after, before);
    assert!(after.is_inactive);
    assert_eq!(Payee::of(&after.document()), after);
    let terms: Vec<(&str, &str)> = after.terms(Psp::Swish).collect();
    assert_eq!(terms, [("key", "sealed"), ("number", "å🦊")]);
    world.verify();
}

#[test]
fn the_journal_tells_which_values_changed_and_not_what_they_are() {
    let mut world = World::new();
    let steps = [
        (set("secret"), "set"),
        (TermStep::Switch { off: true }, "switched off"),
        (TermStep::Switch { off: false }, "switched on"),
        (
            TermStep::Replace { before: "secret".to_owned(), after: "secret2".to_owned() },
            "enciphered again",
        ),
        (TermStep::MarkDeleted, "marked for deletion"),
        (TermStep::Delete, "deleted"),
    ];
    for (step, word) in steps {
        let terms = vec![(Psp::Easy, "key".to_owned(), step)];
        world.run(World::payee(|change| change.terms = terms)).unwrap();
        let mut reader = store::Store::source(&world.store).open().unwrap();
        let row = reader.rows_before(RowId(i64::MAX), 1).unwrap().pop().unwrap();
        let ledger::Row::Change(change) = row else { panic!("{row:?}") };
        assert_eq!(change.field("easy.key"), Some(word));
        assert!(!format!("{change:?}").contains("secret"), "{change:?}");
    }
    let unknown = Command::ChangePayee(ChangePayee::default());
    assert_eq!(world.run(unknown), Err(Refusal::MerchantNotFound));
}
