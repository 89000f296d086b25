//! Random commands: mostly sensible, often repeated, and wrong in every way that a client can be.

use ledger::books::Done;
use ledger::change::ChangeKind;
use ledger::{
    AccountId, AccountNo, AccountStatus, AcquirerReferences, AddCard, AddCompany, AddSeller,
    AuthorizationId, AuthorizationKind, Authorize, Basis, Cancel, CardAuthenticationMethod,
    CardExpiry, CardStatus, CardToken, ChangeAccount, ChangeCard, ChangeCompany, Channel, Code,
    Correct, Currency, Date, Decimal, Expire, Fingerprint, Idempotency, Instrument, Key, Mount,
    OfflineClaims, OfflineInfo, OpenAccount, Post, PostingKind, RowId, Zone,
};

use engine::{Command, Reply};

use crate::prng::Prng;

/// What the actor of administrative commands is called.
const ACTOR: &str = "sim";

/// Zones without summer time, so that the reference can count days by itself.
pub(crate) const ZONES: [(&str, i64); 3] =
    [("UTC", 0), ("Asia/Kolkata", 330), ("America/Phoenix", -420)];

/// Draws commands, and remembers what it takes to draw more.
pub(crate) struct Traffic {
    pub(crate) prng: Prng,
    places: Vec<Place>,
    history: Vec<Command>,
    posted: Vec<Posted>,
    newest: i64,
    drawn: u64,
    weights: [u64; VERBS.len()],
}

/// A company as clients know it.
#[derive(Clone, Default)]
struct Place {
    number: String,
    currencies: Vec<&'static str>,
    sellers: Vec<String>,
    accounts: Vec<(AccountNo, &'static str)>,
    cards: Vec<(CardToken, &'static str)>,
    codes: Vec<(Code, AuthorizationKind, Decimal)>,
}

/// A transaction as clients know it.
#[derive(Clone)]
struct Posted {
    company: String,
    kind: PostingKind,
    source: String,
    amount: Decimal,
}

#[derive(Clone, Copy)]
enum Verb {
    Repeat,
    RepeatChanged,
    Authorize,
    PostOnAuthorization,
    PostOffline,
    Correct,
    Cancel,
    Expire,
    ChangeAccount,
    ChangeCard,
    Configure,
}

const VERBS: [(Verb, u64); 11] = [
    (Verb::Repeat, 10),
    (Verb::RepeatChanged, 8),
    (Verb::Authorize, 28),
    (Verb::PostOnAuthorization, 24),
    (Verb::PostOffline, 7),
    (Verb::Correct, 9),
    (Verb::Cancel, 5),
    (Verb::Expire, 2),
    (Verb::ChangeAccount, 3),
    (Verb::ChangeCard, 2),
    (Verb::Configure, 2),
];

impl Traffic {
    /// Swarm: each seed has a mix of verbs of its own, some of them missing.
    pub(crate) fn new(mut prng: Prng) -> Traffic {
        let mut weights = VERBS.map(|(_, weight)| weight * prng.below(4));
        weights[2] = weights[2].max(VERBS[2].1);
        let place = |number: &str, currencies: &[&'static str], sellers: &[&str]| Place {
            number: number.to_owned(),
            currencies: currencies.to_vec(),
            sellers: sellers.iter().map(|seller| (*seller).to_owned()).collect(),
            ..Place::default()
        };
        let places = vec![
            place("100", &["SEK", "EUR"], &["654", "655"]),
            place("200", &["JPY", "KWD", "SEK"], &["654", "7"]),
            place("300", &[], &["654"]),
        ];
        let (history, posted) = (Vec::new(), Vec::new());
        Traffic { prng, places, history, posted, newest: 0, drawn: 0, weights }
    }

    /// The commands that configure the installation, before anything else.
    pub(crate) fn companies(&mut self) -> Vec<Command> {
        let mut commands = Vec::new();
        for (place, (zone, _)) in self.places.clone().into_iter().zip(ZONES) {
            commands.push(Command::AddCompany(AddCompany {
                number: place.number.clone(),
                name: "Company".to_owned(),
                zone: Zone::parse(zone).unwrap(),
                currencies: place.currencies.iter().map(|code| currency(code)).collect(),
                authorization_days: 7,
                actor: ACTOR.to_owned(),
                idempotency: None,
            }));
            commands.extend(place.sellers.iter().map(|seller| add_seller(&place.number, seller)));
        }
        commands
    }

    /// The commands that open the first accounts.
    pub(crate) fn accounts(&mut self) -> Vec<Command> {
        let mut wanted = Vec::new();
        for place in &self.places {
            wanted.extend(place.currencies.iter().map(|code| (place.number.clone(), *code)));
        }
        wanted.iter().map(|(company, code)| self.account(company, code)).collect()
    }

    /// The commands that add the first cards.
    pub(crate) fn cards(&mut self) -> Vec<Command> {
        let accounts: Vec<AccountNo> =
            self.places.iter().flat_map(|place| &place.accounts).map(|(no, _)| *no).collect();
        accounts.iter().flat_map(|no| [self.card(*no), self.card(*no)]).collect()
    }

    /// One command.
    pub(crate) fn command(&mut self, today: Date) -> Command {
        let command = match self.verb() {
            Verb::Repeat => self.repeat(today),
            Verb::RepeatChanged => {
                let command = self.repeat(today);
                self.changed(command)
            }
            Verb::Authorize => self.authorize(today),
            Verb::PostOnAuthorization => self.post_on_authorization(today),
            Verb::PostOffline => self.post_offline(today),
            Verb::Correct => self.correct(today),
            Verb::Cancel => self.cancel(today),
            Verb::Expire => Command::Expire(Expire {
                authorization: AuthorizationId(self.prng.between(0, self.newest + 3)),
            }),
            Verb::ChangeAccount => self.change_account(),
            Verb::ChangeCard => self.change_card(),
            Verb::Configure => self.configure(),
        };
        self.history.push(command.clone());
        command
    }

    /// So many offline purchases on one card, each of this many crowns.
    pub(crate) fn offline_posts_of(&self, crowns: &str, count: usize) -> Vec<Command> {
        let place = self.places[0].clone();
        let (card, currency) = place.cards[0].clone();
        let info = OfflineInfo {
            card,
            seller: place.sellers[0].clone(),
            currency: currency.to_owned(),
            method: None,
            channel: None,
        };
        let amount = Decimal::parse(crowns).unwrap();
        let posts = (0..count).map(|number| {
            Command::Post(Post {
                company: place.number.clone(),
                seller_scope: None,
                mount: Mount::CardTransaction,
                kind: PostingKind::Purchase,
                basis: Basis::Offline(info.clone()),
                offline_info: true,
                claims: OfflineClaims::default(),
                source: format!("large-{number}"),
                amount,
                withdrawal: None,
                references: AcquirerReferences::default(),
                receipt: None,
                point_of_sale: None,
                value_date: None,
            })
        });
        posts.collect()
    }

    /// Remembers what a command brought into being.
    pub(crate) fn learn(&mut self, command: &Command, reply: &Reply) {
        let Ok(answer) = reply else { return };
        match (&answer.done, command) {
            (Done::Authorized { authorization, .. }, Command::Authorize(asked)) => {
                self.newest = self.newest.max(authorization.0);
                let code = Code::of(RowId(authorization.0));
                let known = (code, asked.kind, asked.amount);
                if let Some(place) = self.place(&asked.company) {
                    place.codes.push(known);
                }
            }
            (Done::Posted { kind, source, .. }, Command::Post(asked)) => {
                let (company, source) = (asked.company.clone(), source.clone());
                let posted = Posted { company, kind: *kind, source, amount: asked.amount };
                self.posted.push(posted);
            }
            (Done::Changed(change), _) => {
                self.learn_change(command, change.kind, change.id);
            }
            _ => {}
        }
    }

    fn learn_change(&mut self, command: &Command, kind: ChangeKind, id: RowId) {
        self.newest = self.newest.max(id.0);
        match (command, kind) {
            (Command::OpenAccount(asked), ChangeKind::AccountOpened) => {
                let code = currency(&asked.currency).code();
                let number = AccountNo::of(AccountId(id.0));
                let known = (number, code);
                if let Some(place) = self.place(&asked.company) {
                    place.accounts.push(known);
                }
            }
            (Command::AddCard(asked), ChangeKind::CardAdded) => {
                for place in &mut self.places {
                    let found = place.accounts.iter().find(|(number, _)| *number == asked.account);
                    if let Some((_, code)) = found {
                        place.cards.push((asked.token.clone(), code));
                        return;
                    }
                }
            }
            (Command::AddSeller(asked), _) => {
                if let Some(place) = self.place(&asked.company) {
                    place.sellers.push(asked.number.clone());
                }
            }
            _ => {}
        }
    }

    /// None for a company that there is not; an idempotency key may be answered for it all the
    /// same.
    fn place(&mut self, number: &str) -> Option<&mut Place> {
        self.places.iter_mut().find(|place| place.number == number)
    }

    fn verb(&mut self) -> Verb {
        let mut roll = self.prng.below(self.weights.iter().sum());
        for ((verb, _), weight) in VERBS.iter().zip(self.weights) {
            if roll < weight {
                return *verb;
            }
            roll -= weight;
        }
        unreachable!("the roll is below the sum of the weights")
    }

    fn any_place(&mut self) -> Place {
        match self.prng.below(40) {
            0 => self.places[2].clone(),
            1 => Place { number: "900".to_owned(), ..self.places[0].clone() },
            // A company by the name of one whose cards it does not have.
            2 => Place { number: "200".to_owned(), ..self.places[0].clone() },
            roll if roll < 14 => self.places[1].clone(),
            _ => self.places[0].clone(),
        }
    }

    /// A source id: mostly new, sometimes one that may be taken, for this or another thing.
    fn source(&mut self) -> String {
        self.drawn += 1;
        let fresh = self.drawn;
        let number = if self.prng.per_mille(60) { self.prng.below(fresh) } else { fresh };
        format!("source-{number}")
    }

    fn amount(&mut self, code: &str) -> Decimal {
        let text = match self.prng.below(120) {
            0 => "0".to_owned(),
            1 => "0.0001".to_owned(),
            2 => "10000000000001".to_owned(),
            3 => "10000000000000".to_owned(),
            _ => {
                let most = self.prng.pick(&[300_i64, 3_000, 30_000]);
                let minor = self.prng.between(1, most);
                ledger::money::format_minor(minor, currency(code))
            }
        };
        Decimal::parse(&text).unwrap()
    }

    fn optional<T>(&mut self, draw: impl FnOnce(&mut Prng) -> T) -> Option<T> {
        self.prng.per_mille(300).then(|| draw(&mut self.prng))
    }

    fn mount(&mut self) -> Mount {
        self.prng.pick(&[Mount::CardTransaction, Mount::CreditAccountAcquiring])
    }

    fn scope(&mut self) -> Option<String> {
        self.prng.per_mille(80).then(|| self.prng.pick(&["654", "655", "nobody"]).to_owned())
    }

    fn references(&mut self) -> AcquirerReferences {
        let text = |prefix: &str, number: u64| Some(format!("{prefix}{number}"));
        let batch = self.optional(|prng| prng.below(12)).and_then(|n| text("batch-", n));
        let transaction = self.optional(|prng| prng.below(40)).and_then(|n| text("t-", n));
        AcquirerReferences { batch, transaction }
    }

    fn day(&mut self, today: Date) -> Option<Date> {
        self.optional(|prng| {
            let days = prng.pick(&[-1, 0, 0, 1, 3, 30, 400, 401]);
            today.plus_days(days)
        })
    }

    fn authorize(&mut self, today: Date) -> Command {
        let place = self.any_place();
        let (instrument, code) = self.instrument(&place);
        let code = if self.prng.per_mille(30) { self.any_currency() } else { code };
        let wanted = self.prng.below(10);
        Command::Authorize(Authorize {
            mount: self.mount(),
            source: self.source(),
            seller: self.any_seller(&place),
            instrument,
            kind: match wanted {
                0 => AuthorizationKind::Reversal,
                1 => AuthorizationKind::CashWithdrawal,
                _ => AuthorizationKind::Purchase,
            },
            point_of_sale: "Kiosk".to_owned(),
            amount: self.amount(if code == "???" { "SEK" } else { code }),
            currency: code.to_owned(),
            valid_to: self.day(today),
            method: self.optional(|prng| prng.pick(&CardAuthenticationMethod::ALL)),
            channel: self.optional(|prng| prng.pick(&Channel::ALL)),
            company: place.number,
        })
    }

    fn any_seller(&mut self, place: &Place) -> String {
        let unknown = place.sellers.is_empty() || self.prng.per_mille(15);
        if unknown { "nobody".to_owned() } else { self.prng.pick(&place.sellers) }
    }

    fn any_currency(&mut self) -> &'static str {
        self.prng.pick(&["SEK", "EUR", "JPY", "KWD", "USD", "???"])
    }

    fn any_card(&mut self, place: &Place) -> (CardToken, &'static str) {
        if place.cards.is_empty() || self.prng.per_mille(15) {
            return (CardToken::parse("no-such-card").unwrap(), "SEK");
        }
        self.prng.pick(&place.cards)
    }

    fn instrument(&mut self, place: &Place) -> (Instrument, &'static str) {
        if place.accounts.is_empty() || self.prng.per_mille(750) {
            let (token, code) = self.any_card(place);
            return (Instrument::Card(token), code);
        }
        let (number, code) = self.prng.pick(&place.accounts);
        match self.prng.below(40) {
            0 => (Instrument::Account(None), code),
            // A payable account, or a row that opened no account at all.
            1 => {
                let id = self.prng.between(1, self.newest.max(1));
                (Instrument::Account(Some(AccountNo::of(AccountId(id)))), code)
            }
            _ => (Instrument::Account(Some(number)), code),
        }
    }

    /// An authorization of the place, what it allows and how much; sometimes of another place.
    fn any_code(&mut self, place: &Place) -> (Option<Code>, AuthorizationKind, Decimal) {
        let found = self.prng.recent(&place.codes);
        let amount = self.amount("JPY");
        match (self.prng.below(60), found) {
            (0, _) => (None, AuthorizationKind::Purchase, amount),
            (1, _) | (_, None) => {
                let row = self.prng.between(1, self.newest + 2);
                (Some(Code::of(RowId(row))), AuthorizationKind::Purchase, amount)
            }
            (_, Some((code, kind, amount))) => (Some(code), kind, amount),
        }
    }

    fn post(&mut self, company: String, kind: PostingKind, basis: Basis, code: &str) -> Post {
        let amount = self.amount(code);
        Post {
            company,
            seller_scope: self.scope(),
            mount: self.mount(),
            kind,
            offline_info: matches!(basis, Basis::Offline(_)) || self.prng.per_mille(50),
            claims: OfflineClaims::default(),
            basis,
            source: self.source(),
            amount,
            withdrawal: self.prng.per_mille(80).then(|| self.amount(code)),
            references: self.references(),
            receipt: self.optional(|prng| format!("receipt-{}", prng.below(9))),
            point_of_sale: self.optional(|_| "Kiosk".to_owned()),
            value_date: None,
        }
    }

    fn post_on_authorization(&mut self, today: Date) -> Command {
        let place = self.any_place();
        let (code, allowed, whole) = self.any_code(&place);
        let other = self.prng.per_mille(50);
        let kind = if other { self.prng.pick(&PostingKind::ALL) } else { allowed.allows() };
        let exponent = if place.number == "200" { "JPY" } else { "SEK" };
        let post = self.post(place.number, kind, Basis::Authorization(code), exponent);
        let amount = if self.prng.per_mille(250) { whole } else { post.amount };
        Command::Post(Post { value_date: self.day(today), amount, ..post })
    }

    fn post_offline(&mut self, today: Date) -> Command {
        let place = self.any_place();
        let (card, code) = self.any_card(&place);
        let code = if self.prng.per_mille(30) { self.any_currency() } else { code };
        let info = OfflineInfo {
            card,
            seller: self.any_seller(&place),
            currency: code.to_owned(),
            method: self.optional(|prng| prng.pick(&CardAuthenticationMethod::ALL)),
            channel: self.optional(|prng| prng.pick(&Channel::ALL)),
        };
        let kind = self.prng.pick(&PostingKind::ALL);
        let exponent = if code == "???" { "SEK" } else { code };
        let post = self.post(place.number, kind, Basis::Offline(info), exponent);
        Command::Post(Post { value_date: self.day(today), ..post })
    }

    fn correct(&mut self, today: Date) -> Command {
        let unknown = Posted {
            company: "100".to_owned(),
            kind: PostingKind::Purchase,
            source: "unknown".to_owned(),
            amount: self.amount("SEK"),
        };
        let is_known = !self.prng.per_mille(30);
        let known = self.prng.recent(&self.posted).filter(|_| is_known);
        let Posted { company, kind, source: corrected, amount: whole } = known.unwrap_or(unknown);
        let part = self.amount(if company == "200" { "JPY" } else { "SEK" });
        let amount = if self.prng.per_mille(300) { whole } else { part };
        Command::Correct(Correct {
            company,
            seller_scope: self.scope(),
            mount: self.mount(),
            kind,
            corrected,
            source: self.source(),
            amount,
            references: self.references(),
            value_date: self.day(today),
        })
    }

    fn cancel(&mut self, today: Date) -> Command {
        let place = self.any_place();
        let (code, _, _) = self.any_code(&place);
        Command::Cancel(Cancel {
            company: place.number,
            seller_scope: self.scope(),
            mount: self.mount(),
            code,
            value_date: self.day(today),
        })
    }

    fn any_account(&mut self) -> AccountNo {
        let accounts: Vec<AccountNo> =
            self.places.iter().flat_map(|place| &place.accounts).map(|(no, _)| *no).collect();
        if accounts.is_empty() || self.prng.per_mille(50) {
            return AccountNo::of(AccountId(self.prng.between(1, self.newest + 3)));
        }
        self.prng.pick(&accounts)
    }

    fn change_account(&mut self) -> Command {
        let status = match self.prng.below(60) {
            0 => Some(AccountStatus::Closed),
            1..=5 => Some(AccountStatus::Blocked),
            6..=30 => Some(AccountStatus::Active),
            _ => None,
        };
        let limit = self.prng.pick(&["0", "10", "100", "2000", "2000", "50000", "50000.001"]);
        let credit_limit = self.prng.per_mille(600).then(|| Decimal::parse(limit).unwrap());
        let account = self.any_account();
        Command::ChangeAccount(ChangeAccount {
            account,
            credit_limit,
            status,
            actor: ACTOR.to_owned(),
        })
    }

    fn change_card(&mut self) -> Command {
        let place = self.any_place();
        let (token, _) = self.any_card(&place);
        let status = self.prng.pick(&[CardStatus::Active, CardStatus::Active, CardStatus::Blocked]);
        Command::ChangeCard(ChangeCard { token, status, actor: ACTOR.to_owned() })
    }

    fn configure(&mut self) -> Command {
        let place = self.any_place();
        match self.prng.below(10) {
            0 => {
                let number = format!("seller-{}", self.prng.below(6));
                add_seller(&place.number, &number)
            }
            1 => Command::ChangeCompany(ChangeCompany {
                number: place.number,
                name: self.optional(|prng| format!("Company {}", prng.below(3))),
                currencies: if self.prng.per_mille(300) { vec![currency("USD")] } else { vec![] },
                authorization_days: self.optional(|prng| prng.pick(&[0, 1, 7, 30])),
                actor: ACTOR.to_owned(),
            }),
            2..=4 => {
                let code = self.prng.pick(&["SEK", "EUR", "JPY", "KWD"]);
                self.account(&place.number, code)
            }
            _ => {
                let account = self.any_account();
                self.card(account)
            }
        }
    }

    fn idempotency(&mut self) -> Option<Idempotency> {
        let key = u8::try_from(self.prng.below(200)).unwrap();
        let fingerprint = u8::try_from(1 + self.prng.below(2)).unwrap();
        self.prng.per_mille(300).then_some(Idempotency {
            key: Key([key; 16]),
            fingerprint: Fingerprint([fingerprint; 16]),
        })
    }

    fn account(&mut self, company: &str, code: &str) -> Command {
        Command::OpenAccount(OpenAccount {
            company: company.to_owned(),
            currency: code.to_owned(),
            credit_limit: Decimal::parse(self.prng.pick(&["500", "2000", "50000"])).unwrap(),
            holder: "Holder".to_owned(),
            actor: ACTOR.to_owned(),
            idempotency: self.idempotency(),
        })
    }

    fn card(&mut self, account: AccountNo) -> Command {
        self.drawn += 1;
        let fresh = self.drawn;
        let number = if self.prng.per_mille(100) { self.prng.below(fresh) } else { fresh };
        let expiry = self.optional(|prng| prng.pick(&["2026-11", "2026-12", "2027-03"]));
        Command::AddCard(AddCard {
            account,
            token: CardToken::parse(&format!("card-{number}")).unwrap(),
            pan: None,
            expiry: expiry.and_then(CardExpiry::parse),
            actor: ACTOR.to_owned(),
            idempotency: self.idempotency(),
        })
    }

    fn repeat(&mut self, today: Date) -> Command {
        match self.prng.recent(&self.history) {
            Some(command) => command,
            None => self.authorize(today),
        }
    }

    /// The same request with one thing in it changed, or with nothing that matters changed.
    fn changed(&mut self, mut command: Command) -> Command {
        let amount = self.amount("JPY");
        let (mount, scope, references) = (self.mount(), self.scope(), self.references());
        let what = self.prng.below(12);
        let day = self.optional(|prng| Date(20_777 + i32::try_from(prng.below(3)).unwrap()));
        let text = self.optional(|_| "Elsewhere".to_owned());
        let channel = self.optional(|prng| prng.pick(&Channel::ALL));
        let method = self.optional(|prng| prng.pick(&CardAuthenticationMethod::ALL));
        match &mut command {
            Command::Authorize(asked) => match what {
                0 | 1 => asked.amount = amount,
                2 | 3 => asked.mount = mount,
                4 => asked.point_of_sale = text.unwrap_or_default(),
                5 => asked.channel = channel,
                6 => asked.method = method,
                7 => asked.valid_to = day,
                8 => asked.kind = AuthorizationKind::CashWithdrawal,
                9 => "EUR".clone_into(&mut asked.currency),
                10 => "655".clone_into(&mut asked.seller),
                _ => asked.instrument = Instrument::Card(CardToken::parse("card-1").unwrap()),
            },
            Command::Post(asked) => match (what, &mut asked.basis) {
                (0, _) => asked.amount = amount,
                (1, _) => asked.mount = mount,
                (2, _) => asked.point_of_sale = text,
                (3, _) => asked.receipt = text,
                (4, _) => asked.references = references,
                (5, _) => asked.seller_scope = scope,
                (6, _) => asked.value_date = day,
                (7, _) => asked.offline_info = !asked.offline_info,
                (8, _) => asked.withdrawal = Some(amount),
                (9, Basis::Offline(info)) => info.method = method,
                (10, Basis::Offline(info)) => info.channel = channel,
                (_, Basis::Offline(info)) => "655".clone_into(&mut info.seller),
                (_, Basis::Authorization(code)) => *code = Code::parse("AUTH71"),
            },
            Command::Correct(asked) => match what {
                0..=2 => asked.amount = amount,
                3..=5 => asked.references = references,
                6 | 7 => asked.seller_scope = scope,
                8 | 9 => asked.value_date = day,
                10 => asked.mount = mount,
                _ => asked.kind = PostingKind::CashWithdrawal,
            },
            Command::Cancel(asked) => asked.mount = mount,
            Command::Expire(_)
            | Command::OpenAccount(_)
            | Command::ChangeAccount(_)
            | Command::AddCard(_)
            | Command::ChangeCard(_)
            | Command::AddCompany(_)
            | Command::ChangeCompany(_)
            | Command::AddSeller(_)
            | Command::IssueCredential(_)
            | Command::RevokeCredential(_)
            | Command::NoteUses(_) => {}
        }
        command
    }
}

fn add_seller(company: &str, number: &str) -> Command {
    Command::AddSeller(AddSeller {
        company: company.to_owned(),
        number: number.to_owned(),
        name: "Seller".to_owned(),
        actor: ACTOR.to_owned(),
        idempotency: None,
    })
}

fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap()
}
