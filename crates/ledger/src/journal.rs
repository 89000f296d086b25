//! The journal: the append-only rows in the order of their ids, and the hash chains over them.
//!
//! Every writer of an installation seals its batches into a chain of its own, its lane; the
//! embedded store has one writer and so one lane. The rows of a batch are neighbours: no row of
//! another batch has an id between theirs.
//!
//! Invariant: a row's canonical bytes cover every field that is written once, and no other.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::authorization::{Authorization, CardAuthenticationMethod, Channel, DeclineReason};
use crate::change::Change;
use crate::ids::RowId;
use crate::time::Timestamp;
use crate::transaction::Transaction;

/// One row of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Money was reserved, or that was declined.
    Authorization(Authorization),
    /// Money moved, or was given free.
    Transaction(Transaction),
    /// Something else changed.
    Change(Change),
}

/// Names a hash chain of the journal: that of one writer at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane(pub i64);

/// The end of a lane: what its next seal follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Which lane.
    pub lane: Lane,
    /// The number of its newest seal; 0 where it has none.
    pub number: i64,
    /// When that was decided; the beginning of time where there is none.
    pub at: Option<Timestamp>,
    /// The hash of that seal; zeros where there is none.
    pub hash: [u8; 32],
}

/// How far somebody has read the journal: in each lane, up to a row. Lanes that are not named are
/// unread. As text it is a list of `lane:row`, parted by commas, or a row alone, which is lane 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Position(pub BTreeMap<Lane, RowId>);

/// The seal of one batch: the head of its lane after its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Whose chain it is part of.
    pub lane: Lane,
    /// Its place in the chain: 1 is the lane's first.
    pub number: i64,
    /// The batch's first row.
    pub first: RowId,
    /// The batch's last row.
    pub last: RowId,
    /// How many rows it has.
    pub rows: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// SHA-256 over the seal before, this seal's other fields, and each row in order.
    pub hash: [u8; 32],
}

impl Head {
    /// The beginning of a lane.
    pub fn start(lane: Lane) -> Head {
        Head { lane, ..Head::default() }
    }

    /// The end of a lane whose newest seal is `seal`.
    pub fn after(seal: &Seal) -> Head {
        Head { lane: seal.lane, number: seal.number, at: Some(seal.at), hash: seal.hash }
    }
}

impl Position {
    /// After a row of lane 0.
    pub fn at(row: RowId) -> Position {
        Position(BTreeMap::from([(Lane(0), row)]))
    }

    /// Whether nothing is read yet.
    pub fn is_start(&self) -> bool {
        self.0.values().all(|row| row.0 == 0)
    }

    /// The row up to which everything is read, whatever its lane.
    pub fn oldest(&self) -> RowId {
        self.0.values().min().copied().unwrap_or_default()
    }

    /// Reads a position as it is shown.
    pub fn parse(text: &str) -> Option<Position> {
        let number = |text: &str| text.parse::<i64>().ok().filter(|number| *number >= 0);
        let lane = |part: &str| match part.split_once(':') {
            Some((lane, row)) => Some((Lane(number(lane)?), RowId(number(row)?))),
            None => Some((Lane(0), RowId(number(part)?))),
        };
        let parts = text.split(',').map(lane).collect::<Option<Vec<_>>>()?;
        let (count, lanes) = (parts.len(), parts.into_iter().collect::<BTreeMap<_, _>>());
        (lanes.len() == count).then_some(Position(lanes))
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut lanes = self.0.iter();
        match (lanes.next(), self.0.len()) {
            (None, _) => write!(f, "0"),
            (Some((Lane(0), row)), 1) => write!(f, "{}", row.0),
            (Some((lane, row)), _) => {
                write!(f, "{}:{}", lane.0, row.0)?;
                lanes.try_for_each(|(lane, row)| write!(f, ",{}:{}", lane.0, row.0))
            }
        }
    }
}

impl Row {
    /// Its position.
    pub fn id(&self) -> RowId {
        match self {
            Row::Authorization(row) => RowId(row.id.0),
            Row::Transaction(row) => RowId(row.id.0),
            Row::Change(row) => row.id,
        }
    }

    /// When it was decided.
    pub fn at(&self) -> Timestamp {
        match self {
            Row::Authorization(row) => row.at,
            Row::Transaction(row) => row.at,
            Row::Change(row) => row.at,
        }
    }

    /// The row before it in the chain of its account; none where it has no account.
    pub fn previous(&self) -> Option<RowId> {
        match self {
            Row::Authorization(row) => Some(row.previous),
            Row::Transaction(row) => Some(row.previous),
            Row::Change(row) => row.account.map(|_| row.previous),
        }
    }

    fn encode(&self, bytes: &mut Bytes<'_>) {
        match self {
            Row::Authorization(row) => encode_authorization(row, bytes),
            Row::Transaction(row) => encode_transaction(row, bytes),
            Row::Change(row) => encode_change(row, bytes),
        }
    }
}

/// Computes the seal of a batch of rows in ascending order. `None` when there are no rows.
pub fn seal<'r>(
    before: Head,
    at: Timestamp,
    rows: impl IntoIterator<Item = &'r Row>,
) -> Option<Seal> {
    let mut sealer = Sealer::default();
    for row in rows {
        sealer.add(row);
    }
    sealer.finish(before, at)
}

/// Builds a [`Seal`] row by row.
#[derive(Clone, Debug, Default)]
pub struct Sealer {
    content: Vec<u8>,
    hash: Sha256,
    first: Option<RowId>,
    last: RowId,
    rows: i64,
}

impl Sealer {
    /// Adds the next row.
    pub fn add(&mut self, row: &Row) {
        self.content.clear();
        row.encode(&mut Bytes(&mut self.content));
        self.hash.update(u64::try_from(self.content.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.hash.update(&self.content);
        self.first.get_or_insert(row.id());
        self.last = row.id();
        self.rows = self.rows.saturating_add(1);
    }

    /// Ends it, as what follows `before`. `None` when no row was added.
    pub fn finish(self, before: Head, at: Timestamp) -> Option<Seal> {
        let first = self.first?;
        let Sealer { last, rows, .. } = self;
        let Head { lane, number, hash: hash_before, .. } = before;
        let number = number.saturating_add(1);
        let rows_hash = self.hash.finalize();
        let mut hash = Sha256::new();
        hash.update(hash_before);
        for part in [lane.0, number, first.0, last.0, rows, at.0] {
            hash.update(part.to_be_bytes());
        }
        hash.update(rows_hash);
        Some(Seal { lane, number, first, last, rows, at, hash: hash.finalize().into() })
    }
}

/// Writes canonical bytes: fixed-width numbers, length before text, a mark before what is optional.
struct Bytes<'b>(&'b mut Vec<u8>);

impl Bytes<'_> {
    fn tag(&mut self, tag: u8) -> &mut Self {
        self.0.push(tag);
        self
    }

    fn number(&mut self, number: i64) -> &mut Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
        self.0.extend_from_slice(text.as_bytes());
        self
    }

    fn optional_number(&mut self, number: Option<i64>) -> &mut Self {
        match number {
            Some(number) => self.tag(1).number(number),
            None => self.tag(0),
        }
    }

    fn optional_text(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.tag(1).text(text),
            None => self.tag(0),
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}

fn encode_authorization(row: &Authorization, bytes: &mut Bytes<'_>) {
    bytes
        .tag(1)
        .number(row.id.0)
        .number(row.at.0)
        .number(row.company.0)
        .number(row.seller.0)
        .number(row.account.0)
        .optional_number(row.card.map(|card| card.0))
        .text(&row.source)
        .bytes(&row.fingerprint.0)
        .text(row.kind.as_str())
        .number(row.amount)
        .text(row.currency.code())
        .text(&row.point_of_sale)
        .optional_text(row.method.map(CardAuthenticationMethod::as_str))
        .optional_text(row.channel.map(Channel::as_str))
        .number(i64::from(row.valid_to.0))
        .number(row.expires_at.0)
        .text(row.mount.as_str())
        .optional_text(row.declined.map(DeclineReason::as_str))
        .number(row.balance.debt)
        .number(row.balance.reserved)
        .number(row.previous.0);
}

fn encode_transaction(row: &Transaction, bytes: &mut Bytes<'_>) {
    let (debit, credit) = row.debit_and_credit();
    bytes
        .tag(2)
        .number(row.id.0)
        .number(row.at.0)
        .number(row.company.0)
        .number(row.seller.0)
        .number(row.account.0)
        .number(row.payable.0)
        .number(debit.0)
        .number(credit.0)
        .optional_number(row.card.map(|card| card.0))
        .text(row.kind.as_str())
        .optional_number(row.authorization.map(|id| id.0))
        .optional_number(row.corrects.map(|id| id.0))
        .text(&row.source)
        .bytes(&row.fingerprint.0)
        .number(row.posted)
        .number(row.released)
        .optional_number(row.withdrawal)
        .text(row.currency.code())
        .optional_text(row.references.batch.as_deref())
        .optional_text(row.references.transaction.as_deref())
        .optional_text(row.receipt.as_deref())
        .optional_text(row.point_of_sale.as_deref())
        .optional_text(row.method.map(CardAuthenticationMethod::as_str))
        .optional_text(row.channel.map(Channel::as_str))
        .number(i64::from(row.value_date.0))
        .text(row.mount.as_str())
        .tag(u8::from(row.offline_info))
        .tag(u8::from(row.over_limit))
        .tag(u8::from(row.despite_block))
        .number(row.balance.debt)
        .number(row.balance.reserved)
        .number(row.previous.0)
        .number(row.sibling.0);
}

fn encode_change(row: &Change, bytes: &mut Bytes<'_>) {
    bytes
        .tag(3)
        .number(row.id.0)
        .number(row.at.0)
        .text(row.kind.as_str())
        .number(row.subject.0)
        .text(&row.actor)
        .bytes(&row.fingerprint.0)
        .optional_number(row.account.map(|account| account.0))
        .number(row.previous.0)
        .number(row.balance.debt)
        .number(row.balance.reserved)
        .number(i64::try_from(row.fields.len()).unwrap_or(i64::MAX));
    for (name, value) in &row.fields {
        bytes.text(name).text(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Balance;
    use crate::authorization::{AuthorizationKind, AuthorizationState};
    use crate::change::ChangeKind;
    use crate::ids::{
        AccountId, AuthorizationId, CardId, CompanyId, Fingerprint, SellerId, TransactionId,
    };
    use crate::money::Currency;
    use crate::time::Date;
    use crate::transaction::{Mount, PostingKind, TransactionKind};
    use crate::world::World;

    /// Demands that a change of a row changes its bytes, or that it does not.
    #[track_caller]
    fn check<T: Clone>(row: &T, wrap: fn(T) -> Row, is_sealed: bool, changes: &[fn(&mut T)]) {
        let hash =
            |row: &T| seal(Head::default(), Timestamp(0), &[wrap(row.clone())]).unwrap().hash;
        let mut hashes = vec![hash(row)];
        for change in changes {
            let mut other = row.clone();
            change(&mut other);
            hashes.push(hash(&other));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), if is_sealed { count } else { 1 }, "some field is missed");
    }

    fn eur() -> Currency {
        Currency::parse("EUR").unwrap()
    }

    fn authorization() -> Authorization {
        let mut world = World::new();
        world.run_all("authorize");
        match world.rows.into_values().next_back() {
            Some(Row::Authorization(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    fn transaction() -> Transaction {
        let mut world = World::new();
        world.run_all("purchase offline");
        match world.rows.into_values().next_back() {
            Some(Row::Transaction(row)) => row,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_seal_covers_all_of_an_authorization_that_is_written_once() {
        let row = authorization();
        check(
            &row,
            Row::Authorization,
            true,
            &[
                |row| row.id = AuthorizationId(7_000),
                |row| row.at = Timestamp(7_001),
                |row| row.company = CompanyId(7_002),
                |row| row.seller = SellerId(7_003),
                |row| row.account = AccountId(7_004),
                |row| row.card = None,
                |row| row.card = Some(CardId(7_005)),
                |row| row.source.push('x'),
                |row| row.fingerprint = Fingerprint([7; 16]),
                |row| row.kind = AuthorizationKind::Reversal,
                |row| row.amount = 7_006,
                |row| row.currency = eur(),
                |row| row.point_of_sale.push('x'),
                |row| row.method = Some(CardAuthenticationMethod::ChipPin),
                |row| row.channel = Some(Channel::Pos),
                |row| row.valid_to = Date(7_007),
                |row| row.expires_at = Timestamp(7_008),
                |row| row.mount = Mount::CreditAccountAcquiring,
                |row| row.declined = Some(DeclineReason::CardBlocked),
                |row| row.balance = Balance { debt: 7_009, ..row.balance },
                |row| row.balance = Balance { reserved: 7_010, ..row.balance },
                |row| row.previous = RowId(7_011),
            ],
        );
        check(
            &row,
            Row::Authorization,
            false,
            &[
                |row| row.state = AuthorizationState::Expired,
                |row| row.taken = 7,
                |row| row.last_child = RowId(7),
            ],
        );
    }

    #[test]
    fn a_seal_covers_all_of_a_transaction_that_is_written_once() {
        let row = transaction();
        check(
            &row,
            Row::Transaction,
            true,
            &[
                |row| row.id = TransactionId(7_000),
                |row| row.at = Timestamp(7_001),
                |row| row.company = CompanyId(7_002),
                |row| row.seller = SellerId(7_003),
                |row| row.account = AccountId(7_004),
                |row| row.payable = AccountId(7_005),
                |row| row.card = None,
                |row| row.kind = TransactionKind::Posting(PostingKind::Reversal),
                |row| row.kind = TransactionKind::Expiry,
                |row| row.kind = TransactionKind::Settlement,
                |row| row.kind = TransactionKind::Fee,
                |row| row.kind = TransactionKind::SettlementReturn,
                |row| row.authorization = Some(AuthorizationId(7)),
                |row| row.corrects = Some(TransactionId(7)),
                |row| row.source.push('x'),
                |row| row.fingerprint = Fingerprint([7; 16]),
                |row| row.posted = 7_006,
                |row| row.released = 7_007,
                |row| row.withdrawal = Some(0),
                |row| row.currency = eur(),
                |row| row.references.batch = Some(String::new()),
                |row| row.references.transaction = Some(String::new()),
                |row| row.receipt = Some(String::new()),
                |row| row.point_of_sale = Some(String::new()),
                |row| row.method = Some(CardAuthenticationMethod::ChipPin),
                |row| row.channel = Some(Channel::Pos),
                |row| row.value_date = Date(7_008),
                |row| row.mount = Mount::CreditAccountAcquiring,
                |row| row.offline_info = false,
                |row| row.over_limit = true,
                |row| row.despite_block = true,
                |row| row.balance = Balance { debt: 7_009, ..row.balance },
                |row| row.balance = Balance { reserved: 7_010, ..row.balance },
                |row| row.previous = RowId(7_011),
                |row| row.sibling = RowId(7_012),
            ],
        );
        check(
            &row,
            Row::Transaction,
            false,
            &[|row| row.corrected = 7, |row| row.last_child = RowId(7)],
        );
    }

    #[test]
    fn a_seal_covers_all_of_a_change() {
        let change = Change::about(RowId(7), ChangeKind::CardAdded, "operator", Timestamp(7));
        check(
            &change.with("name", "value"),
            Row::Change,
            true,
            &[
                |row| row.id = RowId(7_000),
                |row| row.at = Timestamp(7_001),
                |row| row.kind = ChangeKind::CardChanged,
                |row| row.subject = RowId(7_002),
                |row| row.actor.push('x'),
                |row| row.fingerprint = Fingerprint([7; 16]),
                |row| row.account = Some(AccountId(7)),
                |row| row.previous = RowId(7_003),
                |row| row.balance = Balance { debt: 7_004, ..row.balance },
                |row| row.balance = Balance { reserved: 7_005, ..row.balance },
                |row| row.fields.clear(),
                |row| row.fields = vec![("namev".to_owned(), "alue".to_owned())],
                |row| row.fields.push((String::new(), String::new())),
            ],
        );
    }

    #[test]
    fn a_seal_covers_the_one_before_its_time_and_its_rows() {
        let row = Row::Authorization(authorization());
        let other = Row::Transaction(transaction());
        let start = Head::default();
        let one = seal(start, Timestamp(1), std::slice::from_ref(&row)).unwrap();
        assert_eq!((one.first, one.last, one.rows, one.at), (row.id(), row.id(), 1, Timestamp(1)));
        assert_eq!((one.lane, one.number), (Lane(0), 1));
        let rows = [row, other];
        let hashes = [
            one.hash,
            seal(Head { hash: [1; 32], ..start }, Timestamp(1), &rows[..1]).unwrap().hash,
            seal(Head { number: 1, ..start }, Timestamp(1), &rows[..1]).unwrap().hash,
            seal(Head::start(Lane(1)), Timestamp(1), &rows[..1]).unwrap().hash,
            seal(start, Timestamp(2), &rows[..1]).unwrap().hash,
            seal(start, Timestamp(1), &rows).unwrap().hash,
            seal(start, Timestamp(1), &rows[1..]).unwrap().hash,
        ];
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), hashes.len());
        assert_eq!(seal(start, Timestamp(1), &[]), None);
        let two = seal(Head::after(&one), Timestamp(1), &rows[1..]).unwrap();
        assert_eq!(two.number, 2);
    }

    #[test]
    fn positions_are_read_as_they_are_shown() {
        let many = [(Lane(0), RowId(7)), (Lane(3), RowId(5))];
        for (position, text) in [
            (Position::default(), "0"),
            (Position::at(RowId(12)), "12"),
            (Position(BTreeMap::from(many)), "0:7,3:5"),
            (Position(BTreeMap::from([(Lane(2), RowId(9))])), "2:9"),
        ] {
            assert_eq!(position.to_string(), text);
            assert_eq!(Position::parse(text).unwrap().to_string(), text);
            assert_eq!(Position::parse(text).unwrap().oldest(), position.oldest());
        }
        for bad in ["", "x", "-1", "1:", ":1", "1:2:3", "1:-2", "0:1,0:2", "1,"] {
            assert_eq!(Position::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_rows_of_an_account_are_in_a_chain() {
        let change = Change::about(RowId(7), ChangeKind::CardAdded, "operator", Timestamp(7));
        let linked = Change { account: Some(AccountId(1)), previous: RowId(3), ..change.clone() };
        assert_eq!(Row::Change(change).previous(), None);
        assert_eq!(Row::Change(linked).previous(), Some(RowId(3)));
        let row = authorization();
        assert_eq!(Row::Authorization(row.clone()).previous(), Some(row.previous));
        let row = transaction();
        assert_eq!(Row::Transaction(row.clone()).previous(), Some(row.previous));
        assert_eq!(Row::Transaction(row.clone()).at(), row.at);
    }
}
