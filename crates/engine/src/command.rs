//! Everything that can change state: the verbs of the ledger here, those of the estate in
//! [`estate::Command`], those of payments over PSPs in [`payments::Command`], those of clearing and
//! settlement in [`clearing::Command`].

use ledger::authorize::authorize;
use ledger::cancel::cancel;
use ledger::change_account::change_account;
use ledger::configure::{add_company, add_seller, change_company};
use ledger::correct::correct;
use ledger::credentials::{NoteUses, issue_credential, note_uses, revoke_credential};
use ledger::expire::expire;
use ledger::open_account::open_account;
use ledger::post::post;
use ledger::{
    AddCard, AddCompany, AddSeller, Answer, Authorize, Books, Cancel, ChangeAccount, ChangeCard,
    ChangeCompany, Correct, Expire, IssueCredential, OpenAccount, Post, ReadSet, Refusal,
    RevokeCredential, Timestamp, add_card,
};

/// A request to change state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Reserve money.
    Authorize(Authorize),
    /// Book a purchase, a cash withdrawal or a reversal.
    Post(Post),
    /// Take back a booked transaction.
    Correct(Correct),
    /// End an authorization.
    Cancel(Cancel),
    /// End an authorization whose time is over.
    Expire(Expire),
    /// Open a holder's account.
    OpenAccount(OpenAccount),
    /// Change an account's limit or status.
    ChangeAccount(ChangeAccount),
    /// Add a card.
    AddCard(AddCard),
    /// Block or unblock a card.
    ChangeCard(ChangeCard),
    /// Configure a company.
    AddCompany(AddCompany),
    /// Change a company's configuration.
    ChangeCompany(ChangeCompany),
    /// Register a seller.
    AddSeller(AddSeller),
    /// Issue a credential.
    IssueCredential(IssueCredential),
    /// Revoke a credential.
    RevokeCredential(RevokeCredential),
    /// Record when credentials were used.
    NoteUses(NoteUses),
}

impl Command {
    /// What the command needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        match self {
            Command::Authorize(command) => command.read(reads),
            Command::Post(command) => command.read(reads),
            Command::Correct(command) => command.read(reads),
            Command::Cancel(command) => command.read(reads),
            Command::Expire(command) => command.read(reads),
            Command::OpenAccount(command) => command.read(reads),
            Command::ChangeAccount(command) => command.read(reads),
            Command::AddCard(command) => command.read(reads),
            Command::ChangeCard(command) => command.read(reads),
            Command::AddCompany(command) => command.read(reads),
            Command::AddSeller(command) => command.read(reads),
            Command::IssueCredential(command) => command.read(reads),
            // These need the directory alone, which is always there.
            Command::ChangeCompany(_) | Command::RevokeCredential(_) | Command::NoteUses(_) => {}
        }
    }

    /// Decides the command and places its effect in the books.
    ///
    /// # Errors
    /// [`Refusal`]; a declined authorization has its effect all the same: it is remembered.
    pub fn decide(&self, books: &mut Books, now: Timestamp) -> Result<Answer, Refusal> {
        match self {
            Command::Authorize(command) => authorize(command, books, now),
            Command::Post(command) => post(command, books, now),
            Command::Correct(command) => correct(command, books, now),
            Command::Cancel(command) => cancel(command, books, now),
            Command::Expire(command) => expire(command, books, now),
            Command::OpenAccount(command) => open_account(command, books, now),
            Command::ChangeAccount(command) => change_account(command, books, now),
            Command::AddCard(command) => add_card::add_card(command, books, now),
            Command::ChangeCard(command) => add_card::change_card(command, books, now),
            Command::AddCompany(command) => add_company(command, books, now),
            Command::ChangeCompany(command) => change_company(command, books, now),
            Command::AddSeller(command) => add_seller(command, books, now),
            Command::IssueCredential(command) => issue_credential(command, books, now),
            Command::RevokeCredential(command) => revoke_credential(command, books, now),
            Command::NoteUses(command) => note_uses(command, books),
        }
    }
}

/// A command of any kind, as the engine's queues and batches hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "the large one is the money path's, and most are")]
pub enum Work {
    /// Of the ledger.
    Ledger(Command),
    /// Of the estate. Boxed: they are large and few.
    Estate(Box<estate::Command>),
    /// Of payments over PSPs. Boxed as well.
    Payments(Box<payments::Command>),
    /// Of clearing and settlement. Boxed as well.
    Clearing(Box<clearing::Command>),
}

/// What a command of any kind came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// One of the ledger.
    Ledger(Result<Answer, Refusal>),
    /// One of the estate.
    Estate(Result<estate::Answer, estate::Refusal>),
    /// One of payments over PSPs.
    Payments(Result<payments::Answer, payments::Refusal>),
    /// One of clearing and settlement.
    Clearing(Result<clearing::Answer, clearing::Refusal>),
}

/// A kind of command, which has answers and refusals of its own.
pub trait Verb: Sized {
    /// What a granted one came to.
    type Answer;
    /// Why one is refused.
    type Refusal;

    /// As the engine holds it.
    fn work(self) -> Work;

    /// What the engine decided about one.
    fn reply(decision: Decision) -> Result<Self::Answer, Self::Refusal>;
}

impl Verb for Command {
    type Answer = Answer;
    type Refusal = Refusal;

    fn work(self) -> Work {
        Work::Ledger(self)
    }

    fn reply(decision: Decision) -> Result<Answer, Refusal> {
        match decision {
            Decision::Ledger(reply) => reply,
            Decision::Estate(_) | Decision::Payments(_) | Decision::Clearing(_) => {
                unreachable!("{decision:?}")
            }
        }
    }
}

impl Verb for estate::Command {
    type Answer = estate::Answer;
    type Refusal = estate::Refusal;

    fn work(self) -> Work {
        Work::Estate(Box::new(self))
    }

    fn reply(decision: Decision) -> Result<estate::Answer, estate::Refusal> {
        match decision {
            Decision::Estate(reply) => reply,
            Decision::Ledger(_) | Decision::Payments(_) | Decision::Clearing(_) => {
                unreachable!("{decision:?}")
            }
        }
    }
}

impl Verb for payments::Command {
    type Answer = payments::Answer;
    type Refusal = payments::Refusal;

    fn work(self) -> Work {
        Work::Payments(Box::new(self))
    }

    fn reply(decision: Decision) -> Result<payments::Answer, payments::Refusal> {
        match decision {
            Decision::Payments(reply) => reply,
            Decision::Ledger(_) | Decision::Estate(_) | Decision::Clearing(_) => {
                unreachable!("{decision:?}")
            }
        }
    }
}

impl Verb for clearing::Command {
    type Answer = clearing::Answer;
    type Refusal = clearing::Refusal;

    fn work(self) -> Work {
        Work::Clearing(Box::new(self))
    }

    fn reply(decision: Decision) -> Result<clearing::Answer, clearing::Refusal> {
        match decision {
            Decision::Clearing(reply) => reply,
            Decision::Ledger(_) | Decision::Estate(_) | Decision::Payments(_) => {
                unreachable!("{decision:?}")
            }
        }
    }
}

impl Work {
    /// What the command needs to be decided.
    pub fn read(&self, reads: &mut ReadSet) {
        match self {
            Work::Ledger(command) => command.read(reads),
            Work::Estate(command) => command.read(reads),
            Work::Payments(command) => command.read(reads),
            Work::Clearing(command) => command.read(reads),
        }
    }

    /// Decides the command and places its effect in the books.
    pub fn decide(&self, books: &mut Books, now: Timestamp) -> Decision {
        match self {
            Work::Ledger(command) => Decision::Ledger(command.decide(books, now)),
            Work::Estate(command) => Decision::Estate(command.decide(books, now)),
            Work::Payments(command) => Decision::Payments(command.decide(books, now)),
            Work::Clearing(command) => Decision::Clearing(command.decide(books, now)),
        }
    }
}
