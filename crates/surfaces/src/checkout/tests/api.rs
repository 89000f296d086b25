//! What the till in memory is made of.

pub(super) use crate::checkout::{
    Answer, Attempt, CardEntry, Decline, Ending, Fault, Field, Framer, Means, Mistake, Outcome,
    Redirect, RedirectMethod, Standing, Till, Unanswered, View, Waiting, Way, Whose,
};
