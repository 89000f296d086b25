//! Rollouts and what became of each terminal.

use estate::limits::ROLLOUT_ANSWER_HOURS_MAX;
use estate::rollout::{Tally, are_stages};
use estate::update::UpdateStatus;
use estate::{Rollout, Terminal, Update};
use ledger::Directory;
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::terminals::UpdateBody;
use crate::http::fields::{FromObject, Object, Params, whole};

/// The stages of a rollout that does not say others, in percent.
const STAGES_DEFAULT: [i64; 3] = [1, 10, 100];

/// The share of failures above which a rollout halts that does not say another, in percent.
const FAILURES_PERCENT_DEFAULT: i64 = 2;

/// How long terminals may take to answer in a rollout that does not say another time, in hours.
const ANSWER_HOURS_DEFAULT: i64 = 24;

/// A rollout to start.
#[derive(Debug, ToSchema)]
pub(in crate::operator) struct NewRollout {
    /// Whose terminals are meant, with those of all below it.
    #[schema(minimum = 1, example = 1)]
    pub(in crate::operator) customer_id: i64,
    /// What they get: a package of the customer or of one above it.
    #[schema(minimum = 1, example = 1)]
    pub(in crate::operator) package_id: i64,
    /// The shares of the terminals that are told of it, one after the other, in percent: ascending,
    /// the last is 100. 1, 10 and 100 when absent.
    #[schema(value_type = Option<Vec<i64>>, max_items = 10, example = json!([1, 10, 100]))]
    pub(in crate::operator) stages: Vec<i64>,
    /// The share of failures, in percent, above which it halts; 2 when absent.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 100, example = 2)]
    pub(in crate::operator) failures_percent_max: i64,
    /// How long a terminal may take to answer before that counts as a failure; 24 when absent.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 720, example = 24)]
    pub(in crate::operator) answer_hours: i64,
}

/// Which terminals of a rollout are listed.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::operator) struct ResultFilter {
    /// Those whose update is this far.
    #[param(value_type = Option<String>,
        pattern = "^(ordered|offered|downloaded|installed|failed|cancelled)$")]
    pub(in crate::operator) status: Option<UpdateStatus>,
}

/// A rollout.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rollout)]
pub(in crate::operator) struct RolloutBody {
    /// Names it.
    id: String,
    /// Whose terminals are meant.
    customer_id: i64,
    /// What they get.
    package_id: i64,
    /// `running`, `paused`, `halted`, `completed` or `rolled_back`.
    #[schema(example = "running")]
    state: &'static str,
    /// Why it halted.
    reason: Option<String>,
    /// The stages, in percent of the terminals that are meant.
    stages: Vec<i64>,
    /// The stage it is in, from 1.
    stage: usize,
    /// How many terminals were meant when it was started.
    population: i64,
    /// The share of failures, in percent, above which it halts.
    failures_percent_max: i64,
    /// How long a terminal may take to answer.
    answer_hours: i64,
    /// What it has come to so far.
    tally: TallyBody,
    /// When it was started.
    started_at: String,
    /// When its state or stage changed last.
    changed_at: String,
}

/// What a rollout has come to so far, in terminals.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Tally)]
struct TallyBody {
    /// Told of the package.
    reached: i64,
    /// Of these, those that have not answered.
    under_way: i64,
    /// Of these, those that run it.
    installed: i64,
    /// Of these, those that failed, or did not answer in time.
    failed: i64,
    /// Of these, those that were told to forget it, since it was rolled back.
    cancelled: i64,
    /// Told to go back.
    sent_back: i64,
    /// Of these, those that have.
    restored: i64,
    /// Of these, those that failed to, or did not answer in time.
    not_restored: i64,
    /// Those that keep the package after it was rolled back: they had none before, or none that
    /// suits them still.
    kept: i64,
}

/// What became of a terminal that a rollout has reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RolloutResult)]
pub(in crate::operator) struct ResultBody {
    /// Which terminal.
    #[schema(example = "KT4F2A9C")]
    terminal_id: String,
    /// Whose it is.
    customer_id: i64,
    /// Its serial number.
    serial_number: Option<String>,
    /// The update.
    #[serde(flatten)]
    update: UpdateBody,
}

impl FromObject for NewRollout {
    fn from_object(object: &mut Object) -> Option<NewRollout> {
        let customer_id = object.required("customer_id", whole(1, i64::MAX));
        let package_id = object.required("package_id", whole(1, i64::MAX));
        let stages = object.optional("stages", stages);
        let failures = object.optional("failures_percent_max", whole(0, 100));
        let hours = object.optional("answer_hours", whole(1, ROLLOUT_ANSWER_HOURS_MAX));
        Some(NewRollout {
            customer_id: customer_id?,
            package_id: package_id?,
            stages: stages?.unwrap_or_else(|| STAGES_DEFAULT.to_vec()),
            failures_percent_max: failures?.unwrap_or(FAILURES_PERCENT_DEFAULT),
            answer_hours: hours?.unwrap_or(ANSWER_HOURS_DEFAULT),
        })
    }
}

fn stages(value: Value) -> Result<Vec<i64>, String> {
    let expected = || "must be up to 10 whole percentages, ascending to 100".to_owned();
    let Value::Array(stages) = value else { return Err(expected()) };
    let stages: Option<Vec<i64>> = stages.iter().map(Value::as_i64).collect();
    stages.filter(|stages| are_stages(stages)).ok_or_else(expected)
}

impl ResultFilter {
    /// Takes its parameters.
    pub(in crate::operator) fn take(params: &mut Params) -> Option<ResultFilter> {
        let expected = "ordered, offered, downloaded, installed, failed or cancelled";
        Some(ResultFilter { status: params.optional("status", expected, UpdateStatus::parse)? })
    }
}

impl RolloutBody {
    /// A rollout as operators see it.
    pub(in crate::operator) fn of(rollout: &Rollout, tally: &Tally) -> RolloutBody {
        RolloutBody {
            id: rollout.number.to_string(),
            customer_id: rollout.customer,
            package_id: rollout.package,
            state: rollout.state.as_str(),
            reason: rollout.reason.clone(),
            stages: rollout.stages.clone(),
            stage: rollout.stage.saturating_add(1),
            population: rollout.population,
            failures_percent_max: rollout.failures_percent_max,
            answer_hours: rollout.answer_ms / 3_600_000,
            tally: TallyBody::of(tally),
            started_at: rollout.started_at.rfc3339(),
            changed_at: rollout.changed_at.rfc3339(),
        }
    }
}

impl TallyBody {
    fn of(tally: &Tally) -> TallyBody {
        TallyBody {
            reached: tally.reached,
            under_way: tally.under_way(),
            installed: tally.installed,
            failed: tally.failed,
            cancelled: tally.cancelled,
            sent_back: tally.sent_back,
            restored: tally.restored,
            not_restored: tally.not_restored,
            kept: tally.kept,
        }
    }
}

impl ResultBody {
    /// What became of a terminal, as operators see it.
    pub(in crate::operator) fn of(
        update: &Update,
        terminal: &Terminal,
        directory: &Directory,
    ) -> ResultBody {
        ResultBody {
            terminal_id: terminal.terminal_id.clone(),
            customer_id: terminal.customer,
            serial_number: terminal.serial.clone(),
            update: UpdateBody::of(update, directory),
        }
    }
}
