//! Which writer gets a command: that of the account it is about, so that two writers seldom want
//! the same one.
//!
//! The rule is the same however the account is named: number, card or authorization. An account's
//! number tells the account itself; of cards and authorizations it is learned, from the batches
//! they are in, and remembered as long as there is room.
//!
//! Invariant: a route is never more than advice. A command that went to the wrong writer waits
//! there for the account's lock, and is decided all the same.

use std::hash::{DefaultHasher, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

use ledger::books::Done;
use ledger::{
    AccountId, Answer, AuthorizationId, Basis, Books, CardToken, Code, Instrument, Post, RowId,
};

use crate::command::{Command, Decision, Work};
use crate::limits::{AUTHORIZATION_HINTS, CARD_HINTS, WRITERS_MAX};

/// Chooses between the writers of one process, and learns from what they do. Shared by all.
pub(crate) struct Routes {
    writers: u64,
    cards: Hints,
    authorizations: Hints,
}

/// By what a command names its account.
enum Name<'c> {
    Account(AccountId),
    Card(&'c CardToken),
    Authorization(Code),
    /// By the source id of another transaction, as a hash: all that is said about one transaction
    /// goes one way, which may not be its account's. Corrections are too few to learn it for them.
    Transaction(u64),
    /// None: what is about the directory, opens an account, or is going to be refused.
    Nothing,
}

impl Routes {
    /// Routes to `writers` writers, 1 to [`WRITERS_MAX`]. Where there is one, nothing is looked up
    /// and nothing learned.
    pub(crate) fn new(writers: usize) -> Routes {
        assert!((1..=WRITERS_MAX).contains(&writers), "{writers} writers");
        let hints = |count| Hints::new(if writers == 1 { 0 } else { count });
        Routes {
            writers: u64::try_from(writers).unwrap_or(1),
            cards: hints(CARD_HINTS),
            authorizations: hints(AUTHORIZATION_HINTS),
        }
    }

    /// The writer for a command, counted from zero.
    pub(crate) fn writer(&self, work: &Work) -> usize {
        if self.writers == 1 {
            return 0;
        }
        let writer = match name_of(work) {
            Name::Account(id) => self.of_account(id),
            Name::Card(token) => {
                let key = card_key(token);
                self.cards.get(key).unwrap_or_else(|| self.spread(key))
            }
            Name::Authorization(code) => {
                let key = code_key(code);
                self.authorizations.get(key).unwrap_or_else(|| self.spread(key))
            }
            Name::Transaction(hash) => self.spread(hash),
            Name::Nothing => 0,
        };
        usize::from(writer)
    }

    /// Learns from a batch whose accounts its cards and authorizations are. `books` as they are
    /// after the decisions. What is learned of a batch that is not committed after all is wrong
    /// at worst, and corrected by the batch that gets its ids.
    pub(crate) fn learn(&self, work: &[Work], decisions: &[Decision], books: &Books) {
        if self.writers == 1 {
            return;
        }
        for (command, decision) in work.iter().zip(decisions) {
            match name_of(command) {
                Name::Card(token) => self.learn_card(token, books),
                Name::Authorization(code) => self.learn_code(code, books),
                Name::Account(_) | Name::Transaction(_) | Name::Nothing => {}
            }
            if let Decision::Ledger(Ok(Answer {
                done: Done::Authorized { authorization, .. },
                ..
            })) = decision
            {
                self.learn_authorization(*authorization, books);
            }
        }
    }

    fn learn_card(&self, token: &CardToken, books: &Books) {
        let key = card_key(token);
        if self.cards.get(key).is_none()
            && let Some(card) = books.cards.get(token)
        {
            self.cards.put(key, self.of_account(card.account));
        }
    }

    fn learn_code(&self, code: Code, books: &Books) {
        if self.authorizations.get(code_key(code)).is_none() {
            let mut ids = code.rows(books.newest()).map(|row| AuthorizationId(row.0));
            if let Some(id) = ids.find(|id| books.authorizations.contains_key(id)) {
                self.learn_authorization(id, books);
            }
        }
    }

    fn learn_authorization(&self, id: AuthorizationId, books: &Books) {
        if let Some(found) = books.authorizations.get(&id) {
            let key = code_key(Code::of(RowId(id.0)));
            self.authorizations.put(key, self.of_account(found.account));
        }
    }

    fn of_account(&self, id: AccountId) -> u8 {
        self.spread(id.0.unsigned_abs())
    }

    fn spread(&self, key: u64) -> u8 {
        u8::try_from(mix(key) % self.writers).unwrap_or(0)
    }
}

fn name_of(work: &Work) -> Name<'_> {
    match work {
        Work::Ledger(command) => name(command),
        // One writer for the whole estate: its commands are few, and many want the same tallies.
        // One for payments over PSPs: a payment, what refunds it and what reads it go one way. One
        // for clearing: the rows of a file are applied in their order.
        Work::Estate(_) | Work::Payments(_) | Work::Clearing(_) => Name::Nothing,
    }
}

/// By what a command names its account.
fn name(command: &Command) -> Name<'_> {
    match command {
        Command::Authorize(command) => match &command.instrument {
            Instrument::Card(token) => Name::Card(token),
            Instrument::Account(Some(number)) => Name::Account(number.id()),
            Instrument::Account(None) => Name::Nothing,
        },
        Command::Post(Post { basis: Basis::Offline(info), .. }) => Name::Card(&info.card),
        Command::Post(Post { basis: Basis::Authorization(code), .. }) => by_code(*code),
        Command::Cancel(command) => by_code(command.code),
        Command::Expire(command) => by_code(Some(Code::of(RowId(command.authorization.0)))),
        Command::Correct(command) => {
            Name::Transaction(hash(&(&command.company, &command.corrected)))
        }
        Command::ChangeAccount(command) => Name::Account(command.account.id()),
        Command::AddCard(command) => Name::Account(command.account.id()),
        Command::ChangeCard(command) => Name::Card(&command.token),
        Command::OpenAccount(_)
        | Command::AddCompany(_)
        | Command::ChangeCompany(_)
        | Command::AddSeller(_)
        | Command::IssueCredential(_)
        | Command::RevokeCredential(_)
        | Command::NoteUses(_) => Name::Nothing,
    }
}

fn by_code(code: Option<Code>) -> Name<'static> {
    code.map_or(Name::Nothing, Name::Authorization)
}

fn card_key(token: &CardToken) -> u64 {
    hash(token.as_str())
}

/// The code itself: 48 bits.
fn code_key(code: Code) -> u64 {
    code.as_str().bytes().fold(0, |key, byte| key << 8 | u64::from(byte))
}

/// The same in every run: which writer gets what is no secret, and can be repeated.
fn hash(thing: &(impl std::hash::Hash + ?Sized)) -> u64 {
    let mut hasher = DefaultHasher::new();
    thing.hash(&mut hasher);
    hasher.finish()
}

/// Spreads neighbouring numbers over all 64 bits (the finalizer of `SplitMix64`).
fn mix(key: u64) -> u64 {
    let key = (key ^ (key >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    key ^ (key >> 31)
}

/// Remembers numbers below 255 by keys: each key has one place, where the last one put there
/// stays. Of a key, 56 bits are told apart.
struct Hints(Box<[AtomicU64]>);

impl Hints {
    fn new(count: usize) -> Hints {
        Hints(std::iter::repeat_with(AtomicU64::default).take(count).collect())
    }

    fn get(&self, key: u64) -> Option<u8> {
        // One atomic word is key and value together: there is nothing to be seen in between.
        let [rest @ .., value] = self.place(key)?.load(Ordering::Relaxed).to_be_bytes();
        let [_, wanted @ ..] = key.to_be_bytes();
        (rest == wanted).then(|| value.checked_sub(1))?
    }

    fn put(&self, key: u64, value: u8) {
        if let Some(place) = self.place(key) {
            place.store(key << 8 | u64::from(value.saturating_add(1)), Ordering::Relaxed);
        }
    }

    fn place(&self, key: u64) -> Option<&AtomicU64> {
        let count = u64::try_from(self.0.len()).ok()?;
        let at = mix(key).checked_rem(count)?;
        self.0.get(usize::try_from(at).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use ledger::{
        AccountNo, AuthorizationId, Cancel, CardStatus, ChangeAccount, ChangeCard, Correct,
        Decimal, Expire, Mount, OfflineInfo, PostingKind, Timestamp,
    };

    use super::*;
    use crate::batch::run_batch_watched;
    use crate::command::Verb;
    use crate::testing::{
        SharedStore, add_company, authorize, by_card, by_number, capture, card, installation,
        open_account, purchase,
    };

    const CARDS: usize = 40;

    #[test]
    fn hints_are_kept_by_key_in_the_room_there_is() {
        let hints = Hints::new(1);
        assert_eq!(hints.get(0), None, "nothing is not a hint for key zero");
        hints.put(7, 0);
        assert_eq!((hints.get(7), hints.get(8)), (Some(0), None), "no other key has its hint");
        hints.put(8, 63);
        assert_eq!((hints.get(7), hints.get(8)), (None, Some(63)), "the newest stays");
        let none = Hints::new(0);
        none.put(7, 1);
        assert_eq!(none.get(7), None);
        let many = Hints::new(1 << 16);
        (0..100).for_each(|key| many.put(key, u8::try_from(key).unwrap()));
        let kept = (0..100).filter(|key| many.get(*key).map(u64::from) == Some(*key)).count();
        assert!(kept > 95, "keys next to each other are spread: {kept}");
    }

    #[test]
    fn numbers_are_spread_evenly() {
        for writers in [1, 2, 3, 5, 8, WRITERS_MAX] {
            let routes = Routes::new(writers);
            let mut counts = vec![0; writers];
            for id in (0..1_000).map(|number| AccountId(number * 3 + 19)) {
                counts[usize::from(routes.of_account(id))] += 1;
            }
            let fair = 1_000 / writers;
            let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
            assert!(*least > fair / 4 && *most < fair * 2 + 10, "{writers}: {counts:?}");
        }
    }

    #[test]
    fn one_writer_gets_everything_and_learns_nothing() {
        let (mut store, accounts) = installation(1);
        let routes = Routes::new(1);
        let commands =
            [authorize("a", by_card(0), None), authorize("b", by_number(accounts[0]), None)];
        run(&mut store, &routes, &commands);
        assert!(commands.into_iter().all(|command| routes.writer(&command.work()) == 0));
        assert_eq!((routes.cards.0.len(), routes.authorizations.0.len()), (0, 0));
    }

    /// Goal: once seen, all that names an account goes one way, from whichever side it was seen
    /// first. Method: authorize by card, capture what was authorized unseen, compare the routes.
    #[test]
    fn what_was_learned_goes_where_its_account_goes() {
        let (mut store, accounts) = installation(CARDS);
        let (unseen, routes) = (Routes::new(1), Routes::new(5));
        let by_cards: Vec<Command> = (0..CARDS)
            .map(|number| authorize(&format!("{number}"), by_card(number), None))
            .collect();
        let seen = run(&mut store, &routes, &by_cards);
        let by_numbers: Vec<Command> = accounts
            .iter()
            .map(|account| authorize(&format!("n{}", account.0), by_number(*account), None))
            .collect();
        let found = run(&mut store, &unseen, &by_numbers);
        let captures: Vec<Command> =
            found.iter().map(|id| capture(&format!("c{}", id.0), code(*id))).collect();
        let right = |names: &dyn Fn(usize) -> Vec<Command>| {
            (0..CARDS)
                .filter(|at| {
                    let account = usize::from(routes.of_account(accounts[*at]));
                    names(*at).into_iter().all(|command| routes.writer(&command.work()) == account)
                })
                .count()
        };
        let unlearned = right(&|at| vec![captures[at].clone()]);
        assert!(unlearned < CARDS / 2, "what nobody saw is spread: {unlearned}");
        run(&mut store, &routes, &captures);
        let learned = right(&|at| {
            let mut commands = named(at, accounts[at], seen[at]);
            commands.extend(named(at, accounts[at], found[at]));
            commands
        });
        assert_eq!(learned, CARDS);
    }

    #[test]
    fn the_rest_has_its_place() {
        let routes = Routes::new(7);
        let nothing = [
            add_company("200"),
            open_account(),
            authorize("a", Instrument::Account(None), None),
            purchase("p", Basis::Authorization(None)),
        ];
        let writer = |command: Command| routes.writer(&command.work());
        assert!(nothing.into_iter().all(|command| writer(command) == 0));
        let of_one: Vec<usize> =
            (0..20).map(|number| writer(correct("one", &number.to_string()))).collect();
        assert!(of_one.windows(2).all(|pair| pair[0] == pair[1]), "{of_one:?}");
        let mut of_many: Vec<usize> =
            (0..20).map(|number| writer(correct(&number.to_string(), "c"))).collect();
        of_many.sort_unstable();
        of_many.dedup();
        assert!(of_many.len() > 3, "{of_many:?}");
    }

    /// Runs a batch that `routes` learns from; the authorizations it granted.
    fn run(store: &mut SharedStore, routes: &Routes, commands: &[Command]) -> Vec<AuthorizationId> {
        let work: Vec<Work> = commands.iter().cloned().map(Verb::work).collect();
        let mut learn = |books: &Books, replies: &[Decision]| routes.learn(&work, replies, books);
        let replies = run_batch_watched(store, &work, Timestamp(0), &mut learn).unwrap();
        let done = replies.into_iter().map(|reply| Command::reply(reply).unwrap().done);
        let granted = done.filter_map(|done| {
            let Done::Authorized { authorization, .. } = done else { return None };
            Some(authorization)
        });
        granted.collect()
    }

    fn code(id: AuthorizationId) -> Code {
        Code::of(RowId(id.0))
    }

    /// All the ways to name an account.
    fn named(number: usize, account: AccountId, authorization: AuthorizationId) -> Vec<Command> {
        let offline = OfflineInfo {
            card: card(number),
            seller: "654".to_owned(),
            currency: "SEK".to_owned(),
            method: None,
            channel: None,
        };
        vec![
            authorize("x", by_card(number), None),
            authorize("x", by_number(account), None),
            capture("x", code(authorization)),
            purchase("x", Basis::Offline(offline)),
            Command::Cancel(Cancel {
                company: "100".to_owned(),
                seller_scope: None,
                mount: Mount::CardTransaction,
                code: Some(code(authorization)),
                value_date: None,
            }),
            Command::Expire(Expire { authorization }),
            Command::ChangeAccount(ChangeAccount {
                account: AccountNo::of(account),
                credit_limit: None,
                status: None,
                actor: String::new(),
            }),
            Command::ChangeCard(ChangeCard {
                token: card(number),
                status: CardStatus::Blocked,
                actor: String::new(),
            }),
        ]
    }

    fn correct(corrected: &str, source: &str) -> Command {
        Command::Correct(Correct {
            company: "100".to_owned(),
            seller_scope: None,
            mount: Mount::CardTransaction,
            kind: PostingKind::Purchase,
            corrected: corrected.to_owned(),
            source: source.to_owned(),
            amount: Decimal::parse("0.01").unwrap(),
            references: ledger::AcquirerReferences::default(),
            value_date: None,
        })
    }
}
