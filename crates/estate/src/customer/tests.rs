//! Who is below whom, on random trees at least twenty deep, held against a walk over parents.

use crate::settings::Layer;
use crate::{Customer, Merchant};
use ledger::{Directory, Timestamp};
use proptest::prelude::*;

/// Parents by number: customer `n` is below `tree[n - 1]`, 0 is none.
type Tree = Vec<i64>;

/// The depth that every tree has, at least.
const DEPTH: usize = 20;

fn tree() -> impl Strategy<Value = Tree> {
    // The first customers are a chain; the others hang on any before them, or are roots.
    let others = proptest::collection::vec(any::<proptest::sample::Index>(), 0..60);
    others.prop_map(|others| {
        let mut tree: Tree = (0..).take(DEPTH).collect();
        for other in others {
            let parent = other.index(tree.len().saturating_add(1));
            tree.push(i64::try_from(parent).unwrap());
        }
        tree
    })
}

fn directory(tree: &Tree) -> Directory {
    let mut directory = Directory::default();
    for (number, parent) in (1_i64..).zip(tree) {
        let merchant = (number % 2 == 0).then(|| Merchant {
            company_number: "100".to_owned(),
            seller_number: number.to_string(),
            merchant_id: format!("M{number}"),
            entity_id: format!("{number:032x}"),
            mcc: "5411".to_owned(),
            agreements: Vec::new(),
        });
        let customer = Customer {
            number,
            parent: *parent,
            name: format!("Kund {number} 🦊"),
            organisation_number: String::new(),
            created_at: Timestamp(number),
            account_id: format!("account-{number}"),
            merchant,
            settings: Layer::default(),
        };
        directory.put_document(customer.document());
    }
    directory
}

/// A customer and all above it, by the model.
fn above(tree: &Tree, number: i64) -> Vec<i64> {
    let mut line = Vec::new();
    let mut at = number;
    while at != 0 {
        line.push(at);
        at = tree[usize::try_from(at).unwrap().saturating_sub(1)];
    }
    line
}

proptest! {
    #[test]
    fn nobody_reaches_outside_its_subtree(tree in tree()) {
        let directory = directory(&tree);
        let all: Vec<i64> = (1..).take(tree.len()).collect();
        for root in &all {
            let subtree = Customer::subtree(&directory, *root);
            let reached: Vec<i64> = subtree.iter().map(|customer| customer.number).collect();
            let mut sorted = reached.clone();
            sorted.sort_unstable();
            let expected: Vec<i64> =
                all.iter().copied().filter(|it| above(&tree, *it).contains(root)).collect();
            prop_assert_eq!(&sorted, &expected, "each once, and none but what is below {}", root);
            for (at, customer) in subtree.iter().enumerate().skip(1) {
                let parents = reached.iter().take(at);
                prop_assert!(parents.into_iter().any(|it| *it == customer.parent));
            }
            for number in &all {
                let is_within = Customer::is_within(&directory, *root, *number);
                prop_assert_eq!(is_within, expected.contains(number), "{} in {}", number, root);
            }
        }
    }

    #[test]
    fn lines_and_children_are_those_of_the_tree(tree in tree()) {
        let directory = directory(&tree);
        for number in (1_i64..).take(tree.len()) {
            prop_assert_eq!(Customer::line(&directory, number), above(&tree, number));
            let children = Customer::children(&directory, number);
            let children: Vec<i64> = children.iter().map(|child| child.number).collect();
            let expected: Vec<i64> =
                (1..).zip(&tree).filter(|(_, parent)| **parent == number).map(|it| it.0).collect();
            prop_assert_eq!(children, expected);
            let customer = Customer::find(&directory, number).unwrap();
            let read = Customer::of(&customer.document());
            prop_assert_eq!(read, Some(customer.clone()));
            prop_assert_eq!(Customer::by_account(&directory, &customer.account_id), Some(customer));
        }
        prop_assert!(above(&tree, 20).len() == DEPTH);
    }

    #[test]
    fn who_is_not_there_is_within_nobody(tree in tree(), number in prop_oneof![
        Just(0), Just(-1), 81_i64..1000, Just(i64::MIN), Just(i64::MAX)
    ]) {
        let directory = directory(&tree);
        for root in (0..).take(tree.len().saturating_add(1)) {
            prop_assert!(!Customer::is_within(&directory, root, number));
        }
        prop_assert!(!Customer::is_within(&directory, number, 1));
        prop_assert!(Customer::subtree(&directory, number).is_empty());
        prop_assert!(Customer::line(&directory, number).is_empty());
    }
}
