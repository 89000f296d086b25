//! The list of terminals: its filters, its pages, and the cursors that lead from one to the next.
//!
//! A page's place is kept as the number of a terminal, not as a count of those before it: what is
//! onboarded meanwhile moves nothing.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine::limits::PAGE_ROWS_SCANNED_MAX;
use engine::{Part, Reader, StoreError};
use estate::limits::ID_CHARS_MAX;
use estate::settings::effective;
use estate::terminal::TerminalStatus;
use estate::{Customer, Terminal};
use ledger::Directory;
use serde::{Deserialize, Serialize};

use super::calls::Caller;
use super::problem::{Detail, Problem};
use super::wire::{TerminalBody, model, one_line, serial_number};
use super::{API_VERSION, Answer, MOUNT, Shared};
use crate::Platform;

/// Most terminals on a page, and how many there are when the caller does not say (Terminals,
/// `page_size`).
const PAGE_SIZE_MAX: usize = 50;
const PAGE_SIZE_DEFAULT: usize = 10;

/// How many rows are read at a time.
const CHUNK_ROWS: usize = 200;

/// Which terminals are asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Filter {
    page_size: usize,
    create_time_start: Option<i64>,
    create_time_end: Option<i64>,
    account_id: Option<String>,
    reference_id: Option<String>,
    model: Option<String>,
    serial_number: Option<String>,
    status: Vec<String>,
    gateway_id: Option<String>,
}

/// A place in the list: between two terminals, looking one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Place {
    /// Before the newest.
    Start,
    /// Terminals that are older than this one.
    OlderThan(i64),
    /// Terminals that are newer than this one.
    NewerThan(i64),
}

/// What a cursor says.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    place: Place,
    filter: Filter,
}

/// A page: terminals, newest first, and the places of the pages around it.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    terminals: Vec<Terminal>,
    next: Option<Place>,
    previous: Option<Place>,
}

#[derive(Serialize)]
struct ListBody {
    next: Option<String>,
    previous: Option<String>,
    results: Vec<TerminalBody>,
    api_version: &'static str,
}

/// Lists terminals, newest first.
pub(super) async fn list_terminals(
    State(contract): Shared,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Answer {
    let platform = &contract.platform;
    let asked = asked(platform, &caller, &request)?;
    let Cursor { place, filter } = asked;
    let directory = platform.engine.directory();
    let customer = match &filter.account_id {
        Some(id) => {
            let customer = caller.account(&directory, id)?;
            contract.throttle_account(&caller, customer)?;
            Some(customer)
        }
        None => None,
    };
    let list = Terminal::onboarded_list(customer.unwrap_or(caller.root));
    let wanted = filter.clone();
    let known = Arc::clone(&directory);
    let page = platform.queries.read(move |reader| {
        let matches = |terminal: &Terminal| wanted.matches(&known, terminal);
        read_page(reader, &list, place, wanted.page_size, &matches)
    });
    let page = page.await.map_err(Problem::not_read)?;
    let show = |terminal: &Terminal| {
        TerminalBody::of(&directory, terminal, &effective(&directory, terminal))
    };
    let link = |place: Place| {
        let cursor = Cursor { place, filter: filter.clone() };
        format!("{MOUNT}?page={}", write_cursor(platform, &caller, &cursor))
    };
    let body = ListBody {
        results: page.terminals.iter().map(show).collect(),
        next: page.next.map(link),
        previous: page.previous.map(link),
        api_version: API_VERSION,
    };
    Ok(Json(body).into_response())
}

/// Reads one page. It may be short, or empty, although there is a next one: a page looks at so many
/// rows and no more.
fn read_page(
    reader: &mut dyn Reader,
    list: &str,
    place: Place,
    page_size: usize,
    matches: &dyn Fn(&Terminal) -> bool,
) -> Result<Page, StoreError> {
    let (part, is_backward) = match place {
        Place::Start => (Part::Before(i64::MAX), false),
        Place::OlderThan(number) => (Part::Before(number), false),
        Place::NewerThan(number) => (Part::After(number), true),
    };
    let mut walk = Walk { part, looked_at: 0, at_end: false };
    let mut found: Vec<Terminal> = Vec::new();
    while found.len() <= page_size && !walk.is_over() {
        found.extend(walk.step(reader, list)?.into_iter().filter(matches));
    }
    // One more than fits tells that there is a page after this one.
    let has_more = found.len() > page_size;
    found.truncate(page_size);
    let reached = match (has_more, found.last()) {
        (true, Some(farthest)) => Some(farthest.number),
        _ if walk.at_end => None,
        _ => Some(walk.number()),
    };
    if is_backward {
        found.reverse();
    }
    let (newest, oldest) = (found.first(), found.last());
    Ok(match place {
        Place::Start => {
            Page { next: reached.map(Place::OlderThan), previous: None, terminals: found }
        }
        Place::OlderThan(from) => {
            let newest = newest.map_or(from.saturating_sub(1), |newest| newest.number);
            let previous = Some(Place::NewerThan(newest));
            Page { next: reached.map(Place::OlderThan), previous, terminals: found }
        }
        Place::NewerThan(from) => {
            let oldest = oldest.map_or(from.saturating_add(1), |oldest| oldest.number);
            let next = Some(Place::OlderThan(oldest));
            Page { next, previous: reached.map(Place::NewerThan), terminals: found }
        }
    })
}

/// A walk along a list, a chunk at a time.
struct Walk {
    part: Part,
    looked_at: usize,
    at_end: bool,
}

impl Walk {
    fn is_over(&self) -> bool {
        self.at_end || self.looked_at >= PAGE_ROWS_SCANNED_MAX
    }

    /// Where it goes on.
    fn number(&self) -> i64 {
        match self.part {
            Part::Before(number) | Part::After(number) => number,
        }
    }

    fn step(&mut self, reader: &mut dyn Reader, list: &str) -> Result<Vec<Terminal>, StoreError> {
        let documents = reader.documents(list, self.part, CHUNK_ROWS)?;
        self.looked_at = self.looked_at.saturating_add(documents.len());
        self.at_end = documents.len() < CHUNK_ROWS;
        if let Some(last) = documents.last() {
            let number = last.id.number;
            self.part = match self.part {
                Part::Before(_) => Part::Before(number),
                Part::After(_) => Part::After(number),
            };
        }
        Ok(documents.iter().filter_map(Terminal::of).collect())
    }
}

impl Filter {
    fn matches(&self, directory: &Directory, terminal: &Terminal) -> bool {
        let created = terminal.created_at.0.div_euclid(1000);
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        let account =
            || Customer::find(directory, terminal.customer).map(|customer| customer.account_id);
        self.create_time_start.is_none_or(|start| start <= created)
            && self.create_time_end.is_none_or(|end| created <= end)
            && is(&self.reference_id, terminal.reference_id.as_deref())
            && is(&self.model, Some(&terminal.model))
            && is(&self.serial_number, terminal.serial.as_deref())
            && is(&self.gateway_id, Some(&terminal.gateway_id()))
            && self.status.iter().any(|status| status == terminal.status.as_str())
            && (self.account_id.is_none() || is(&self.account_id, account().as_deref()))
    }
}

/// What a request asks for: a page by its cursor alone, or the first one of a filter.
fn asked(platform: &Platform, caller: &Caller, request: &Request) -> Result<Cursor, Problem> {
    let given = Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let Query(given) = given
        .map_err(|_| Problem::invalid(vec![Detail::query("query", "must be names and values")]))?;
    let mut reading = Reading { given, details: Vec::new() };
    let asked = match reading.one("page") {
        Some(page) => {
            reading.refuse_others();
            let cursor = read_cursor(platform, caller, &page);
            if cursor.is_none() {
                reading.refuse("page", "must be a page that a list has named");
            }
            cursor
        }
        None => Some(Cursor { place: Place::Start, filter: reading.filter() }),
    };
    match asked {
        Some(asked) if reading.details.is_empty() => Ok(asked),
        _ => Err(Problem::invalid(reading.details)),
    }
}

/// Reads parameters of a query and notes what is wrong with them. Unknown ones are passed over.
struct Reading {
    given: Vec<(String, String)>,
    details: Vec<Detail>,
}

impl Reading {
    fn refuse(&mut self, name: &str, message: &str) {
        self.details.push(Detail::query(name, message));
    }

    /// A parameter that may be given once.
    fn one(&mut self, name: &str) -> Option<String> {
        let mut values = self.given.iter().filter(|(given, _)| given == name);
        let value = values.next().map(|(_, value)| value.clone())?;
        if values.next().is_some() {
            self.refuse(name, "must be given once");
        }
        Some(value)
    }

    fn refuse_others(&mut self) {
        let mut others: Vec<String> = self.given.iter().map(|(name, _)| name.clone()).collect();
        others.retain(|name| name != "page");
        others.sort_unstable();
        others.dedup();
        for name in others {
            let name: String = name.chars().take(ID_CHARS_MAX).collect();
            self.refuse(&name, "cannot be given with page");
        }
    }

    fn text(
        &mut self,
        name: &str,
        check: impl FnOnce(&str) -> Result<(), String>,
    ) -> Option<String> {
        let value = self.one(name)?;
        match check(&value) {
            Ok(()) => Some(value),
            Err(demand) => {
                self.refuse(name, &demand);
                None
            }
        }
    }

    fn whole(&mut self, name: &str, min: i64, max: i64) -> Option<i64> {
        let value = self.one(name)?;
        let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|number| is_plain && (min..=max).contains(number));
        if number.is_none() {
            self.refuse(name, &format!("must be a whole number from {min} to {max}"));
        }
        number
    }

    fn filter(&mut self) -> Filter {
        let size_max = i64::try_from(PAGE_SIZE_MAX).unwrap_or(i64::MAX);
        let page_size = self.whole("page_size", 1, size_max);
        let page_size = page_size.and_then(|size| usize::try_from(size).ok());
        let id = |text: &str| one_line(text, ID_CHARS_MAX);
        Filter {
            page_size: page_size.unwrap_or(PAGE_SIZE_DEFAULT),
            create_time_start: self.whole("create_time_start", 0, i64::MAX),
            create_time_end: self.whole("create_time_end", 0, i64::MAX),
            account_id: self.text("account_id", id),
            reference_id: self.text("reference_id", id),
            model: self.text("model", model),
            serial_number: self.text("serial_number", serial_number),
            status: self.status(),
            gateway_id: self.text("gateway_id", id),
        }
    }

    /// Statuses, in parameters of their own or parted by commas.
    fn status(&mut self) -> Vec<String> {
        let shown = [TerminalStatus::Active, TerminalStatus::Inactive, TerminalStatus::Deleted];
        let shown = shown.map(TerminalStatus::as_str);
        let given = self.given.iter().filter(|(name, _)| name == "status");
        let given = given.flat_map(|(_, value)| value.split(','));
        let mut wanted: Vec<String> = given.map(str::to_owned).collect();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.iter().any(|status| !shown.contains(&status.as_str())) {
            self.refuse("status", &format!("must be some of {}", shown.join(", ")));
        }
        if wanted.is_empty() {
            let [active, inactive, _] = shown;
            return vec![active.to_owned(), inactive.to_owned()];
        }
        wanted
    }
}

/// A cursor as callers see it. It is good for the application that got it, and for nobody else.
fn write_cursor(platform: &Platform, caller: &Caller, cursor: &Cursor) -> String {
    let payload = serde_json::to_vec(cursor).unwrap_or_default();
    let mut bytes = seal(platform, caller, &payload).to_vec();
    bytes.extend(payload);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read_cursor(platform: &Platform, caller: &Caller, text: &str) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (sealed, payload) = bytes.split_at_checked(16)?;
    // What an attacker could learn from the time this takes is a seal for a place in its own list.
    let is_ours = seal(platform, caller, payload) == sealed;
    is_ours.then(|| serde_json::from_slice(payload).ok()).flatten()
}

fn seal(platform: &Platform, caller: &Caller, payload: &[u8]) -> [u8; 16] {
    let mut sealed = caller.hasher("terminals page").finish().to_vec();
    sealed.extend(payload);
    platform.secrets.request_fingerprint(&sealed).0
}

#[cfg(test)]
mod tests {
    use estate::Layer;
    use estate::terminal::Activation;
    use ledger::{ReadSet, RowId, Timestamp};
    use store::{MemoryStore, Store as _};

    use super::*;

    fn terminal(number: i64) -> Terminal {
        Terminal {
            number,
            terminal_id: Terminal::terminal_id_of(RowId(number)),
            uuid: number.to_string(),
            customer: 1,
            status: TerminalStatus::Active,
            is_onboarded: true,
            model: "verifone_p400".to_owned(),
            serial: None,
            reference_id: None,
            operating_mode: None,
            created_at: Timestamp(number),
            last_call_home: None,
            application_version: None,
            installed: None,
            rollouts: Vec::new(),
            activation: Activation::Waiting { code_salt: "0".repeat(32), wrong_codes: 0 },
            settings: Layer::default(),
        }
    }

    /// A store with as many terminals.
    fn terminals(count: i64) -> MemoryStore {
        let mut store = MemoryStore::default();
        let mut fill = |mut books: ledger::Books| {
            for number in 1..=count {
                books.put_document(terminal(number).document(&[1]));
            }
            let kind = ledger::ChangeKind::Estate(ledger::EstateChange::TerminalOnboarded);
            let change = ledger::Change::about(RowId(0), kind, "test", Timestamp(1));
            books.place_change(change, None);
            books.close(Timestamp(1))
        };
        store.transact(&ReadSet::default(), &mut fill).unwrap();
        store
    }

    /// Reads pages from `place` on; the numbers that match on each.
    #[track_caller]
    fn check(store: &MemoryStore, mut place: Place, wanted: i64, expected: &[&[i64]]) {
        let mut reader = store.source().open().unwrap();
        let list = Terminal::onboarded_list(1);
        let mut pages = Vec::new();
        loop {
            let matches = |terminal: &Terminal| terminal.number == wanted;
            let page = read_page(reader.as_mut(), &list, place, 10, &matches).unwrap();
            pages.push(page.terminals.iter().map(|found| found.number).collect::<Vec<i64>>());
            let on = if matches!(place, Place::NewerThan(_)) { page.previous } else { page.next };
            match on {
                Some(next) => place = next,
                None => break,
            }
        }
        assert_eq!(pages, expected);
    }

    #[test]
    fn a_page_looks_at_so_many_rows_and_the_next_goes_on() {
        let count = i64::try_from(PAGE_ROWS_SCANNED_MAX).unwrap() + 50;
        let store = terminals(count);
        check(&store, Place::Start, 1, &[&[], &[1]]);
        check(&store, Place::Start, count, &[&[count], &[]]);
        check(&store, Place::NewerThan(0), count, &[&[], &[count]]);
        check(&store, Place::OlderThan(50), 7, &[&[7]]);
        check(&store, Place::OlderThan(1), 1, &[&[]]);
    }
}
