//! What is to be done at a PSP, and what came of it. Connectors turn the one into requests and
//! the answers into the other; the rules that follow from a report are in [`crate::record`].

/// Something to do at a PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Begin: ask the payer for the payment, or give back money where the thing is a refund.
    Create,
    /// Read how it stands.
    Read,
    /// Take what is reserved, so many minor units of it.
    Capture {
        /// How much.
        minor: i64,
    },
    /// End it without money: give up waiting for the payer, or release what is reserved. Where it
    /// cannot be ended because it was paid, the report says how it stands.
    Cancel,
    /// Give up waiting for the payer. Where something is reserved or paid, it stays so, and the
    /// report says how it stands.
    GiveUp,
}

/// What a PSP's answers say about the thing that was asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How it stands there.
    pub standing: Standing,
    /// What the answers told beside that.
    pub told: Told,
}

/// How a payment, a refund or a capture stands at the PSP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No answer, or none that says anything: perhaps it was done, perhaps not.
    Unknown,
    /// The request certainly did not reach the PSP, or it was not acted on: it may be sent again.
    NotDone,
    /// The PSP was asked and knows nothing of it: it never arrived.
    Missing,
    /// The PSP has it and has not decided: the payer or a bank still may.
    Waiting,
    /// The payer's money is held for the merchant, and not taken.
    Reserved,
    /// Money has moved: the payment was taken, the refund was made.
    Paid,
    /// The PSP does not take it: a rule of its own, the merchant's set-up, or the fields.
    Refused,
    /// The payer, or who judged the payer, said no.
    Declined,
    /// It was ended without money.
    Cancelled,
    /// The PSP gave it up because nobody acted in time.
    Expired,
    /// The PSP could not do it, for technical reasons; no money has moved.
    Failed,
}

/// What a PSP told of a payment. What is absent says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// What the PSP calls it: what later requests about it must name.
    pub reference: Option<String>,
    /// A second name, where the PSP has one: of the order behind a session, of the charge, or what
    /// refunds must name (Swish, `paymentReference`).
    pub second_reference: Option<String>,
    /// Who pays, as the PSP calls them.
    pub payer: Option<String>,
    /// Where the payer has to be sent.
    pub redirect_url: Option<String>,
    /// What the payer's application, or a QR code, is opened with.
    pub token: Option<String>,
    /// The PSP's code and text for what went wrong, for people.
    pub info: Option<String>,
}

impl Operation {
    /// Whether it takes money.
    pub fn is_capture(self) -> bool {
        match self {
            Operation::Capture { .. } => true,
            Operation::Create | Operation::Read | Operation::Cancel | Operation::GiveUp => false,
        }
    }
}

impl Report {
    /// A report that tells nothing but how it stands.
    pub fn new(standing: Standing) -> Report {
        Report { standing, told: Told::default() }
    }

    /// The same with a word for people.
    #[must_use]
    pub fn with_info(mut self, info: impl Into<String>) -> Report {
        self.told.info = Some(info.into());
        self
    }
}
