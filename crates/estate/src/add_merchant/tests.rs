//! How a merchant comes into the tree without an approval: each refusal in the order of precedence,
//! where its seller comes to be, and what it is known by.

use super::AddMerchant;
use crate::command::Outcome;
use crate::fleet::Fleet;
use crate::{Answer, Command, Customer, Draw, Refusal};
use ledger::configure::{add_company, add_seller};
use ledger::{AddCompany, AddSeller, Currency, Timestamp, Zone};

fn company(fleet: &mut Fleet, number: &str) {
    let add = AddCompany {
        number: number.to_owned(),
        name: "Bolaget".to_owned(),
        zone: Zone::parse("Europe/Oslo").unwrap(),
        currencies: vec![Currency::SEK],
        authorization_days: 7,
        actor: "test".to_owned(),
        idempotency: None,
    };
    fleet.change(|books| drop(add_company(&add, books, Timestamp(0)).unwrap()));
}

fn add(fleet: &mut Fleet, parent: i64, merchant_id: &str) -> Result<Customer, Refusal> {
    let answer: Answer = fleet.run(Command::AddMerchant(AddMerchant {
        parent,
        merchant_id: merchant_id.to_owned(),
        name: "Kiosken 🦊".to_owned(),
        organisation_number: String::new(),
        mcc: "5999".to_owned(),
        created_by: "partner".to_owned(),
        draw: Draw([77; 32]),
        actor: "test".to_owned(),
    }))?;
    let Outcome::Customer(customer) = answer.done else { panic!("{answer:?}") };
    Ok(customer)
}

#[test]
fn refusals_have_an_order() {
    let mut fleet = Fleet::new();
    assert_eq!(add(&mut fleet, 99, "A"), Err(Refusal::CustomerNotFound));
    assert_eq!(add(&mut fleet, 1, "A"), Err(Refusal::CompanyNotConfigured));
    company(&mut fleet, "100");
    add(&mut fleet, 1, "A").unwrap();
    assert_eq!(add(&mut fleet, 5, "A"), Err(Refusal::IdentityTaken("merchant_id")));
    assert_eq!(add(&mut fleet, 99, "A"), Err(Refusal::CustomerNotFound));
}

#[test]
fn a_merchant_is_found_by_all_that_it_is_known_by() {
    let mut fleet = Fleet::new();
    company(&mut fleet, "100");
    let seller = AddSeller {
        company: "100".to_owned(),
        number: "6".to_owned(),
        name: "Somebody else".to_owned(),
        actor: "test".to_owned(),
        idempotency: None,
    };
    fleet.change(|books| drop(add_seller(&seller, books, Timestamp(0)).unwrap()));
    let one = add(&mut fleet, 2, "A-1").unwrap();
    // The same chance gives another identity where the first is taken.
    let two = add(&mut fleet, 2, "A-2").unwrap();
    assert_eq!((one.number, one.parent, two.number), (6, 2, 7));
    assert_ne!(one.account_id, two.account_id);
    let directory = fleet.directory();
    assert!(Customer::is_within(&directory, 1, one.number));
    for customer in [one, two] {
        let merchant = customer.merchant.as_ref().unwrap();
        assert_ne!(merchant.seller_number, "6", "a seller is one merchant's");
        for name in [
            Customer::merchant_name(&merchant.merchant_id),
            Customer::entity_name(&merchant.entity_id),
            Customer::account_name(&customer.account_id),
            Customer::seller_name(&merchant.company_number, &merchant.seller_number),
        ] {
            let found = directory.document_named(&name).and_then(|found| Customer::of(found));
            assert_eq!(found.as_ref(), Some(&customer), "{name}");
        }
        let company = directory.company("100").unwrap().id;
        assert!(directory.seller(company, &merchant.seller_number).is_some());
    }
}

#[test]
fn the_company_is_that_of_the_others() {
    let mut fleet = Fleet::new();
    company(&mut fleet, "100");
    let number = |customer: Customer| customer.merchant.unwrap().company_number;
    let first = add(&mut fleet, 2, "A").unwrap();
    let below = first.number;
    assert_eq!(number(first), "100", "the only one");
    company(&mut fleet, "200");
    assert_eq!(number(add(&mut fleet, 1, "B").unwrap()), "100", "that of those below");
    assert_eq!(number(add(&mut fleet, below, "C").unwrap()), "100", "that of the one above");
    let lost = add(&mut fleet, 5, "D");
    assert_eq!(lost, Err(Refusal::CompanyNotConfigured), "two, and nobody has chosen");
}
