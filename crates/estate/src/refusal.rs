//! Every reason for which the estate says no.

/// Why a command was refused. What is wrong with a request's form is found before it becomes a
/// command; these are the reasons that only the installation's state can give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such customer, or one outside what the caller may reach.
    #[error("customer is unknown")]
    CustomerNotFound,
    /// No such onboarding request.
    #[error("request is unknown")]
    RequestNotFound,
    /// No such terminal, or one outside what the caller may reach.
    #[error("terminal is unknown")]
    TerminalNotFound,
    /// No such package, or one that the caller may not use.
    #[error("package is unknown")]
    PackageNotFound,
    /// No such update of this terminal.
    #[error("update is unknown")]
    UpdateNotFound,
    /// No such rollout.
    #[error("rollout is unknown")]
    RolloutNotFound,
    /// The installation's configuration has no company for the merchant.
    #[error("company is not configured")]
    CompanyNotConfigured,
    /// The caller's key stands for another request.
    #[error("idempotency key is used by another request")]
    IdempotencyKeyReused,
    /// The request was approved or rejected before.
    #[error("request is already decided")]
    AlreadyDecided,
    /// Another operator has claimed the request, or it is decided.
    #[error("request is already claimed")]
    AlreadyClaimed,
    /// The credential that submitted the request must not decide it.
    #[error("request was submitted by the same credential")]
    SubmittedBySame,
    /// The customer named in a new request is not one that was rejected.
    #[error("customer was not rejected")]
    CustomerNotRejected,
    /// An identity of the merchant is in use.
    #[error("{0} is in use")]
    IdentityTaken(&'static str),
    /// The customer is no approved merchant.
    #[error("customer cannot have terminals")]
    CannotHaveTerminals,
    /// Another terminal that is not deleted has this model and serial number.
    #[error("model and serial number are in use")]
    SerialTaken,
    /// The terminal is not active.
    #[error("terminal is not active")]
    TerminalNotActive,
    /// The terminal is active already.
    #[error("terminal is active")]
    TerminalActive,
    /// The terminal is deleted.
    #[error("terminal is deleted")]
    TerminalDeleted,
    /// Settings that are fine by themselves do not go together once they are merged.
    #[error("{setting} does not go with the other settings: {reason}")]
    SettingsConflict {
        /// The setting's dotted name.
        setting: &'static str,
        /// For people.
        reason: &'static str,
    },
    /// The activation code is wrong, or there is no such terminal.
    #[error("activation code is wrong")]
    WrongActivationCode,
    /// Too many wrong codes: an operator must reset the activation.
    #[error("activation is locked")]
    ActivationLocked,
    /// The terminal is activated already.
    #[error("terminal is activated")]
    AlreadyActivated,
    /// The terminal was ordered for another model.
    #[error("terminal is of another model")]
    ModelDiffers,
    /// The device token is not, or no longer, that of this terminal.
    #[error("device token is not good")]
    NotThisDevice,
    /// A package does not suit a terminal's model.
    #[error("package does not suit terminal {serial}")]
    PackageDoesNotSuit {
        /// The terminal's serial number as it was asked for.
        serial: String,
    },
    /// A serial number is not in the estate, or not in the caller's part of it.
    #[error("serial number {serial} is unknown")]
    SerialNotFound {
        /// The serial number.
        serial: String,
    },
    /// A terminal has as many open updates as it may have.
    #[error("too many open updates")]
    TooManyUpdates,
    /// The update has ended, or would go backwards.
    #[error("update cannot become that any more")]
    UpdateEnded,
    /// The rollout's state does not allow the step.
    #[error("rollout cannot do that now")]
    RolloutState,
    /// Another rollout for the same terminals is on its way.
    #[error("another rollout is on its way")]
    RolloutRunning,
    /// As many rollouts are on their way as there may be.
    #[error("too many rollouts are on their way")]
    TooManyRollouts,
    /// Nobody would get the package.
    #[error("no terminal is meant")]
    NobodyMeant,
}
