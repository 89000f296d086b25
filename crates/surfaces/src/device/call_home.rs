//! Calling home: a device tells how it is, and is told its configuration and what to install.

use axum::Json;
use axum::extract::State;
use estate::call_home::CallHome;
use estate::command::Outcome;
use estate::limits::{CALL_HOME_SECONDS, CALL_HOME_SOON_SECONDS};
use estate::settings::effective;
use estate::{Command, Effective, Package, Rollout, Update};
use ledger::Timestamp;

use super::callers::Device;
use super::problem::not_submitted;
use super::wire::call_home::{CallHomeRequest, CalledHomeBody, OfferedPackage, OfferedUpdate};
use crate::Platform;
use crate::http::body::Body;
use crate::http::problem::Problem;
use crate::http::terminal_configuration::configuration_json;

/// Tells the device its configuration, what to install, and when to call again.
#[utoipa::path(post, path = "/call-home", tag = "calls", request_body = CallHomeRequest,
    responses((status = 200, body = CalledHomeBody)))]
pub(super) async fn call_home(
    State(platform): State<Platform>,
    device: Device,
    body: Result<Body<CallHomeRequest>, Problem>,
) -> Result<Json<CalledHomeBody>, Problem> {
    let request = device.body(&platform, body).await?;
    let directory = platform.engine.directory();
    let command = CallHome {
        terminal: device.number,
        token_hash: device.token_hash,
        application_version: request.application_version,
        packages: request.packages,
        rollouts: Rollout::live(&directory).map(|rollout| rollout.number).collect(),
    };
    let answer = platform.engine.submit(Command::CallHome(command)).await;
    let answer = answer.map_err(not_submitted)?.done;
    let Outcome::CalledHome { terminal, updates, window_opens_at } = answer else {
        return Err(Problem::bug());
    };
    let effective = effective(&platform.engine.directory(), &terminal);
    Ok(Json(told(&effective, &updates, window_opens_at, platform.now())))
}

/// What a device is told that uses these settings and shall install these updates.
pub(super) fn told(
    effective: &Effective,
    updates: &[(Update, Package)],
    window_opens_at: Option<Timestamp>,
    now: Timestamp,
) -> CalledHomeBody {
    CalledHomeBody {
        configuration: configuration_json(effective),
        configuration_version: effective.version(),
        next_call_home_seconds: next_call_seconds(!updates.is_empty(), window_opens_at, now),
        updates: updates.iter().map(|(update, package)| offered(update, package)).collect(),
        server_time: now.rfc3339(),
    }
}

/// When the device shall call again: soon while there is something to install, and in time for
/// the next time it may be told of something.
fn next_call_seconds(has_updates: bool, opens_at: Option<Timestamp>, now: Timestamp) -> i64 {
    if has_updates {
        return CALL_HOME_SOON_SECONDS;
    }
    let until_open = opens_at.map(|at| at.0.saturating_sub(now.0).saturating_add(999) / 1000);
    until_open.unwrap_or(CALL_HOME_SECONDS).clamp(CALL_HOME_SOON_SECONDS, CALL_HOME_SECONDS)
}

fn offered(update: &Update, package: &Package) -> OfferedUpdate {
    OfferedUpdate {
        update_id: update.number.to_string(),
        package: OfferedPackage {
            id: package.number,
            name: package.name.clone(),
            size: package.size,
            sha256: package.sha256.clone(),
            url: format!("{}/packages/{}", super::MOUNT, package.number),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_calls_again_in_time() {
        let now = Timestamp(1_000_000);
        let after = |seconds: i64| Some(now.plus_ms(seconds * 1000));
        for (has_updates, opens_at, seconds) in [
            (false, None, CALL_HOME_SECONDS),
            (true, None, CALL_HOME_SOON_SECONDS),
            (true, after(2000), CALL_HOME_SOON_SECONDS),
            (false, after(2000), 2000),
            (false, Some(now.plus_ms(2_000_001)), 2001),
            (false, after(CALL_HOME_SECONDS + 1), CALL_HOME_SECONDS),
            (false, after(0), CALL_HOME_SOON_SECONDS),
            (false, after(-5), CALL_HOME_SOON_SECONDS),
        ] {
            assert_eq!(next_call_seconds(has_updates, opens_at, now), seconds, "{opens_at:?}");
        }
    }
}
