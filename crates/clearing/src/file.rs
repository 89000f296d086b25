//! Acquirers' files: what one is, how far it has come, and where its rows are kept.

use ledger::document::Kind;
use ledger::{Date, Document, DocumentId, Fields, Timestamp};

use crate::limits::CHUNKS_MAX;

/// The list of all files that were accepted.
pub const FILES: &str = "acquirer_files";

/// The list of files that are not applied to their end.
pub const FILES_WAITING: &str = "acquirer_files.waiting";

/// The list of files that are applied, and with which the ledger was not compared since.
pub const FILES_TO_COMPARE: &str = "acquirer_files.to_compare";

/// An acquirer's file of card transactions (card ledger, RKHA21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcquirerFile {
    /// The row that began it.
    pub number: i64,
    /// What tells it from all other files.
    pub identity: FileIdentity,
    /// The name of the layout that its rows are kept in, as they came.
    pub profile: String,
    /// SHA-256 of its bytes: 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Its length in bytes.
    pub bytes: i64,
    /// How many rows it has.
    pub rows: i64,
    /// The sum of its debits, in minor units of whatever currencies.
    pub debit_minor: i64,
    /// The sum of its credits, alike.
    pub credit_minor: i64,
    /// How far it has come.
    pub state: FileState,
    /// What became of the rows so far.
    pub counts: RowCounts,
    /// Who sent it.
    pub actor: String,
    /// When it came.
    pub created_at: Timestamp,
    /// When its last row was applied.
    pub applied_at: Option<Timestamp>,
    /// Whether it is applied, and the ledger was not compared with its batch since.
    pub awaits_comparison: bool,
}

/// What tells a file from all others (decision: a file is applied once for each).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileIdentity {
    /// Processing date.
    pub date: Date,
    /// Sender, four digits.
    pub sender: String,
    /// Cycle, two characters.
    pub cycle: String,
    /// File serial number.
    pub serial: i64,
    /// Processing date, sender and cycle together (card ledger, `acquirerBatchId`).
    pub batch: String,
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileState {
    /// Its rows are being kept. It may never be accepted.
    Receiving,
    /// It is accepted, and this chunk is to be applied next.
    Applying {
        /// The chunk, from 0.
        chunk: i64,
    },
    /// All rows are applied; what is left of authorizations is released, next for this chunk.
    Releasing {
        /// The chunk, from 0.
        chunk: i64,
    },
    /// It is applied.
    Applied,
}

/// What became of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCounts {
    /// They are booked, because of the file.
    pub posted: i64,
    /// They had been booked before, over the API.
    pub matched: i64,
    /// They are exceptions.
    pub refused: i64,
}

/// Some rows of a file, as text: each line is a row without the spaces at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRows {
    /// The file's number.
    pub file: i64,
    /// Which chunk of it, from 0.
    pub chunk: i64,
    /// The rows. Row 0 of chunk 0 is on line 2 of the file.
    pub lines: Vec<String>,
}

impl AcquirerFile {
    /// Names its document.
    pub fn id(number: i64) -> DocumentId {
        Kind::AcquirerFile.id(number)
    }

    /// The name by which an accepted file is found.
    pub fn name(identity: &FileIdentity) -> String {
        let FileIdentity { date, sender, cycle, serial, .. } = identity;
        format!("acquirer_file:{date}/{sender}/{cycle}/{serial}")
    }

    /// The name by which a file is found that is not accepted yet.
    pub fn name_while_receiving(identity: &FileIdentity, sha256: &str) -> String {
        format!("{}/{sha256}", Self::name(identity))
    }

    /// The list of the files of a batch.
    pub fn batch_list(batch: &str) -> String {
        format!("acquirer_files.of:{batch}")
    }

    /// How many chunks its rows are.
    pub fn chunks(&self) -> i64 {
        let per_chunk = i64::try_from(crate::limits::ROWS_PER_CHUNK).unwrap_or(i64::MAX);
        self.rows.saturating_add(per_chunk.saturating_sub(1)).checked_div(per_chunk).unwrap_or(0)
    }

    /// Ends it: everything is applied.
    pub(crate) fn end(&mut self, now: Timestamp) {
        self.state = FileState::Applied;
        self.applied_at = Some(now);
        self.awaits_comparison = true;
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<AcquirerFile> {
        let fields = &document.fields;
        let text = |name: &str| fields.owned(name);
        Some(AcquirerFile {
            number: document.id.number,
            identity: FileIdentity {
                date: Date::parse(fields.text("date")?)?,
                sender: text("sender")?,
                cycle: text("cycle")?,
                serial: fields.number("serial")?,
                batch: text("batch")?,
            },
            profile: text("profile")?,
            sha256: text("sha256")?,
            bytes: fields.number("bytes")?,
            rows: fields.number("rows")?,
            debit_minor: fields.number("debit")?,
            credit_minor: fields.number("credit")?,
            state: FileState::of(fields)?,
            counts: RowCounts {
                posted: fields.number("posted")?,
                matched: fields.number("matched")?,
                refused: fields.number("refused")?,
            },
            actor: text("actor")?,
            created_at: fields.time("created_at")?,
            applied_at: fields.time("applied_at"),
            awaits_comparison: fields.is_true("awaits_comparison"),
        })
    }

    /// Its document: by what it is found depends on how far it is.
    pub fn document(&self) -> Document {
        let number = |number: i64| Some(number.to_string());
        let identity = &self.identity;
        let (state, chunk) = self.state.words();
        let fields = Fields::default()
            .with("date", Some(identity.date.to_string()))
            .with("sender", Some(&identity.sender))
            .with("cycle", Some(&identity.cycle))
            .with("serial", number(identity.serial))
            .with("batch", Some(&identity.batch))
            .with("profile", Some(&self.profile))
            .with("sha256", Some(&self.sha256))
            .with("bytes", number(self.bytes))
            .with("rows", number(self.rows))
            .with("debit", number(self.debit_minor))
            .with("credit", number(self.credit_minor))
            .with("state", Some(state))
            .with("chunk", chunk.map(|chunk| chunk.to_string()))
            .with("posted", number(self.counts.posted))
            .with("matched", number(self.counts.matched))
            .with("refused", number(self.counts.refused))
            .with("actor", Some(&self.actor))
            .with("created_at", number(self.created_at.0))
            .with("applied_at", self.applied_at.map(|at| at.0.to_string()))
            .with("awaits_comparison", self.awaits_comparison.then_some("true"));
        let mut document = Document::new(Self::id(self.number), fields);
        let waits = match self.state {
            FileState::Receiving => {
                document.names.insert(Self::name_while_receiving(identity, &self.sha256));
                return document;
            }
            FileState::Applying { .. } | FileState::Releasing { .. } => true,
            FileState::Applied => false,
        };
        document.names.insert(Self::name(identity));
        document.lists.extend([FILES.to_owned(), Self::batch_list(&identity.batch)]);
        if waits {
            document.lists.insert(FILES_WAITING.to_owned());
        }
        if self.awaits_comparison {
            document.lists.insert(FILES_TO_COMPARE.to_owned());
        }
        document
    }
}

impl FileState {
    /// The word used in APIs.
    pub fn as_str(self) -> &'static str {
        self.words().0
    }

    fn words(self) -> (&'static str, Option<i64>) {
        match self {
            FileState::Receiving => ("receiving", None),
            FileState::Applying { chunk } => ("applying", Some(chunk)),
            FileState::Releasing { chunk } => ("releasing", Some(chunk)),
            FileState::Applied => ("applied", None),
        }
    }

    fn of(fields: &Fields) -> Option<FileState> {
        match fields.text("state")? {
            "receiving" => Some(FileState::Receiving),
            "applying" => Some(FileState::Applying { chunk: fields.number("chunk")? }),
            "releasing" => Some(FileState::Releasing { chunk: fields.number("chunk")? }),
            "applied" => Some(FileState::Applied),
            _ => None,
        }
    }
}

impl FileRows {
    /// Names the document of a chunk. `None` where a file has no such chunk.
    pub fn id(file: i64, chunk: i64) -> Option<DocumentId> {
        let in_file = (0..CHUNKS_MAX).contains(&chunk).then_some(chunk)?;
        Some(Kind::FileRows.id(file.checked_mul(CHUNKS_MAX)?.checked_add(in_file)?))
    }

    /// The line in the file of the chunk's first row. The header is line 1.
    pub fn first_line(chunk: i64) -> i64 {
        let per_chunk = i64::try_from(crate::limits::ROWS_PER_CHUNK).unwrap_or(i64::MAX);
        chunk.saturating_mul(per_chunk).saturating_add(2)
    }

    /// Reads a document.
    pub fn of(document: &Document) -> Option<FileRows> {
        let number = document.id.number;
        let lines = document.fields.text("rows")?.split('\n').map(str::to_owned);
        Some(FileRows {
            file: number.checked_div_euclid(CHUNKS_MAX)?,
            chunk: number.checked_rem_euclid(CHUNKS_MAX)?,
            lines: lines.collect(),
        })
    }

    /// Its document. `None` where the file has too many chunks.
    pub fn document(&self) -> Option<Document> {
        let id = FileRows::id(self.file, self.chunk)?;
        let fields = Fields::default().with("rows", Some(self.lines.join("\n")));
        Some(Document::new(id, fields))
    }
}
