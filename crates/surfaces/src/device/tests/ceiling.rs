//! What calls home are compared with.

use super::*;

const CEILING: &str = "/bench/call-home-ceiling";
const BODY: &str = r#"{"application_version":"1.28","packages":[]}"#;

#[test]
fn the_ceiling_answers_as_much_as_a_call_home_and_changes_nothing() {
    let options = || crate::Options { ceiling: true, ..crate::Options::default() };
    let world = World::with_estate(|platform| crate::router(platform, options()));
    // The newest customer.
    let device = Device::of(&world, 4);
    let reply = world.call("POST", CEILING, &device.token, BODY);
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(kept(&world, device.terminal.number).last_call_home, None);
    let call = world.call("POST", "/device/v1/call-home", &device.token, BODY);
    assert_eq!(reply.body, call.body);
    assert!(reply.body.len() > 500, "{}", reply.body);
    assert_eq!(world.call("POST", CEILING, "", BODY).status, 401);
    assert_eq!(world.call("POST", CEILING, &device.token, "{}").status, 400);
}

#[test]
fn it_is_there_for_the_benchmark_only() {
    assert_eq!(world().call("POST", CEILING, "kdt_1_x", BODY).status, 404);
}
