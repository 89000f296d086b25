//! How a payment is kept.

use ledger::{Currency, Document, Fields, Timestamp};

use super::{
    ATTENTION, Amount, Asked, Captured, Cause, MerchantName, PAYMENTS, Payment, PaymentKind,
    Register, TASKS, Task, Transition, number, time, truth,
};
use crate::method::Method;
use crate::online::Online;
use crate::order::Order;
use crate::report::{Operation, Told};
use crate::state::{Event, State};

pub(super) fn payment(document: &Document) -> Option<Payment> {
    let fields = &document.fields;
    Some(Payment {
        number: document.id.number,
        kind: PaymentKind::parse(fields.text("kind")?)?,
        method: Method::parse(fields.text("method")?)?,
        merchant: MerchantName::of(fields)?,
        amount: Amount::of(fields)?,
        asked: asked(fields),
        original: fields.number("original"),
        instruction: fields.owned("instruction")?,
        state: State::parse(fields.text("state")?)?,
        transitions: transitions(fields)?,
        told: told(&fields.under("psp.")),
        captured_minor: fields.number("captured").unwrap_or(0),
        captures: captures(fields),
        refunded_minor: fields.number("refunded").unwrap_or(0),
        reversal: fields.number("reversal"),
        task: task(fields),
        ends_as: fields.text("ends_as").and_then(Event::parse),
        is_placed: fields.is_true("is_placed"),
        unsent: fields.number("unsent").unwrap_or(0),
        attention: fields.owned("attention"),
        report: fields.number("report"),
        online: Online::of(&fields.under("online.")),
        created_at: fields.time("created_at")?,
        changed_at: fields.time("changed_at")?,
    })
}

pub(super) fn document(payment: &Payment) -> Document {
    let it = payment;
    let task = it.task.map(task_fields).unwrap_or_default();
    let fields = Fields::default()
        .with("kind", Some(it.kind.as_str()))
        .with("method", Some(it.method.as_str()))
        .with_all("", &it.merchant.fields())
        .with_all("", &it.amount.fields())
        .with("original", number(it.original))
        .with("instruction", Some(&it.instruction))
        .with("state", Some(it.state.as_str()))
        .with("transitions", Some(written(&it.transitions)))
        .with("captured", number(Some(it.captured_minor).filter(|minor| *minor != 0)))
        .with("captures", captures_text(it))
        .with("refunded", number(Some(it.refunded_minor).filter(|minor| *minor != 0)))
        .with("reversal", number(it.reversal))
        .with("ends_as", it.ends_as.map(Event::as_str))
        .with("is_placed", truth(it.is_placed))
        .with("unsent", number(Some(it.unsent).filter(|count| *count != 0)))
        .with("attention", it.attention.as_ref())
        .with("report", number(it.report))
        .with("created_at", time(it.created_at))
        .with("changed_at", time(it.changed_at))
        .with_all("", &asked_fields(&it.asked))
        .with_all("psp.", &told_fields(&it.told))
        .with_all("online.", &it.online.as_ref().map(Online::fields).unwrap_or_default())
        .with_all("", &task);
    let mut document = Document::new(Payment::id(it.number), fields);
    mark(&mut document, it);
    document
}

impl MerchantName {
    /// Reads fields.
    pub(crate) fn of(fields: &Fields) -> Option<MerchantName> {
        Some(MerchantName {
            customer: fields.number("customer")?,
            merchant_id: fields.owned("merchant_id")?,
            company: fields.owned("company")?,
            seller: fields.owned("seller")?,
        })
    }

    /// As fields of a document.
    pub(crate) fn fields(&self) -> Fields {
        Fields::default()
            .with("customer", number(self.customer))
            .with("merchant_id", Some(&self.merchant_id))
            .with("company", Some(&self.company))
            .with("seller", Some(&self.seller))
    }
}

impl Amount {
    /// Reads fields.
    pub(crate) fn of(fields: &Fields) -> Option<Amount> {
        Some(Amount {
            currency: Currency::parse(fields.text("currency")?)?,
            total_minor: fields.number("total")?,
            vat_minor: fields.number("vat")?,
            nominal_minor: fields.number("nominal")?,
        })
    }

    /// As fields of a document.
    pub(crate) fn fields(self) -> Fields {
        Fields::default()
            .with("currency", Some(self.currency.code()))
            .with("total", number(self.total_minor))
            .with("vat", number(self.vat_minor))
            .with("nominal", number(self.nominal_minor))
    }
}

/// By what it is found.
fn mark(document: &mut Document, it: &Payment) {
    let customer = it.merchant.customer;
    if let Some(reference) = &it.asked.terminal_reference {
        document.lists.insert(Payment::reference_list(customer, reference));
        // What was given up and came back does not take its name again: another may have it.
        let was_given_up = it.transitions.iter().any(|it| it.event == Event::TimeOut);
        if !it.state.is_final() && !was_given_up {
            document.names.insert(Payment::reference_name(customer, it.kind, reference));
        }
    }
    if let Some(online) = &it.online {
        document.names.insert(Payment::online_name(&it.online_id()));
        if let Some(id) = &online.merchant_transaction_id {
            document.lists.insert(Payment::transaction_list(customer, id));
        }
        if let Some(id) = &online.referenced {
            document.lists.insert(Payment::linked_list(customer, id));
        }
        let is_vain = it.state.is_final() && !it.state.is_committed();
        let taken = Payment::transaction_name(customer, online, it.amount);
        document.names.extend(taken.filter(|_| !is_vain));
    }
    document.lists.insert(PAYMENTS.to_owned());
    document.lists.insert(Payment::merchant_list(customer));
    if it.task.is_some() {
        document.lists.insert(TASKS.to_owned());
    }
    if it.attention.is_some() {
        document.lists.insert(ATTENTION.to_owned());
    }
    if !it.state.is_final() && it.is_reportable() {
        document.lists.insert(Payment::unreported_list(customer));
    }
}

fn asked(fields: &Fields) -> Asked {
    let register = fields.under("register.");
    let count = fields.number("properties").and_then(|count| usize::try_from(count).ok());
    let property = |at: usize| {
        let key = fields.owned(&format!("property.{at}.key"))?;
        Some((key, fields.owned(&format!("property.{at}.value"))?))
    };
    Asked {
        consumer_id: fields.owned("consumer_id").unwrap_or_default(),
        consumer_name: fields.owned("consumer_name").unwrap_or_default(),
        terminal_reference: fields.owned("terminal_reference"),
        original_reference: fields.owned("original_reference"),
        message: fields.owned("message"),
        trigger: fields.owned("trigger"),
        batch: fields.number("batch"),
        register: (!register.is_empty()).then(|| Register {
            version: register.owned("version"),
            reference: register.owned("reference"),
            language: register.owned("language"),
            auto_capture: register.owned("auto_capture"),
            order: register.text("order.items").map(|_| Order::of(&register.under("order."))),
        }),
        properties: (0..count.unwrap_or(0)).filter_map(property).collect(),
    }
}

fn asked_fields(asked: &Asked) -> Fields {
    let register = asked.register.as_ref().map(|it| {
        let order = it.order.as_ref().map(Order::fields).unwrap_or_default();
        Fields::default()
            // Tells an empty one from none.
            .with("is_given", truth(true))
            .with("version", it.version.as_ref())
            .with("reference", it.reference.as_ref())
            .with("language", it.language.as_ref())
            .with("auto_capture", it.auto_capture.as_ref())
            .with_all("order.", &order)
    });
    let count = i64::try_from(asked.properties.len()).ok().filter(|count| *count > 0);
    let properties = asked.properties.iter().enumerate();
    let properties = properties.flat_map(|(at, (key, value))| {
        [(format!("property.{at}.key"), key), (format!("property.{at}.value"), value)]
    });
    Fields::default()
        .with("consumer_id", Some(&asked.consumer_id))
        .with("consumer_name", Some(&asked.consumer_name))
        .with("terminal_reference", asked.terminal_reference.as_ref())
        .with("original_reference", asked.original_reference.as_ref())
        .with("message", asked.message.as_ref())
        .with("trigger", asked.trigger.as_ref())
        .with("batch", number(asked.batch))
        .with("properties", number(count))
        .with_all("", &properties.collect())
        .with_all("register.", &register.unwrap_or_default())
}

fn told(fields: &Fields) -> Told {
    Told {
        reference: fields.owned("reference"),
        second_reference: fields.owned("second_reference"),
        payer: fields.owned("payer"),
        redirect_url: fields.owned("redirect_url"),
        token: fields.owned("token"),
        info: fields.owned("info"),
    }
}

fn told_fields(told: &Told) -> Fields {
    Fields::default()
        .with("reference", told.reference.as_ref())
        .with("second_reference", told.second_reference.as_ref())
        .with("payer", told.payer.as_ref())
        .with("redirect_url", told.redirect_url.as_ref())
        .with("token", told.token.as_ref())
        .with("info", told.info.as_ref())
}

fn task(fields: &Fields) -> Option<Task> {
    let operation = match fields.text("task.operation")? {
        "create" => Operation::Create,
        "read" => Operation::Read,
        "capture" => Operation::Capture { minor: fields.number("task.minor")? },
        "cancel" => Operation::Cancel,
        "give-up" => Operation::GiveUp,
        _ => return None,
    };
    Some(Task {
        operation,
        due_at: fields.time("task.due_at")?,
        attempts: fields.number("task.attempts")?,
        cause: Cause::parse(fields.text("task.cause")?)?,
    })
}

fn task_fields(task: Task) -> Fields {
    let (word, minor) = match task.operation {
        Operation::Create => ("create", None),
        Operation::Read => ("read", None),
        Operation::Capture { minor } => ("capture", Some(minor)),
        Operation::Cancel => ("cancel", None),
        Operation::GiveUp => ("give-up", None),
    };
    Fields::default()
        .with("task.operation", Some(word))
        .with("task.minor", number(minor))
        .with("task.due_at", time(task.due_at))
        .with("task.attempts", number(task.attempts))
        .with("task.cause", Some(task.cause.as_str()))
}

/// One line each: what it is called, how much was taken, how much was given back.
fn captures_text(payment: &Payment) -> Option<String> {
    let line = |it: &Captured| format!("{} {} {}", it.instruction, it.minor, it.refunded_minor);
    let lines: Vec<String> = payment.captures.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn captures(fields: &Fields) -> Vec<Captured> {
    let line = |line: &str| {
        let mut words = line.split(' ');
        let instruction = words.next()?.to_owned();
        let (minor, refunded) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Captured { instruction, minor, refunded_minor: refunded })
    };
    fields.text("captures").into_iter().flat_map(str::lines).filter_map(line).collect()
}

/// One line each: when, the event, and through what. Where it came from is the one before.
fn written(transitions: &[Transition]) -> String {
    let lines = transitions.iter().map(|it| {
        let (event, cause) = (it.event.as_str(), it.cause.as_str());
        format!("{} {event} {cause}", it.at.0)
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn transitions(fields: &Fields) -> Option<Vec<Transition>> {
    let mut from = None;
    let lines = fields.text("transitions")?.lines().map(|line| {
        let mut words = line.split(' ');
        let at = Timestamp(words.next()?.parse().ok()?);
        let event = Event::parse(words.next()?)?;
        let cause = Cause::parse(words.next()?)?;
        Some(Transition { at, from: from.replace(event.to()), event, cause })
    });
    lines.collect()
}
