//! Goal: what nothing is heard of is stale, is asked for again, and is given up in the end.

use super::*;

fn look(world: &World) {
    world.block_on(async {
        world.platform.desk.look().await.unwrap();
        world.platform.desk.idle().await;
    });
}

#[test]
fn silence_is_stale_then_pending_then_over() {
    let world = world();
    let told = swish(&world);
    let number = created(&world, "payment", &payment());
    // Swish takes ten seconds, three times of which is stale. What is stale is asked for again.
    world.clock.advance_ms(30_000);
    let age = payments::Age { payments: vec![number] };
    world.submit_payments(payments::Command::Age(age));
    let stale = status(&world, number);
    assert_eq!((&stale["state"], &stale["response"]["responseCode"]), (&json!("STALE"), &json!(1)));
    assert_eq!(stale["response"]["extendedResponseCode"], 1);
    assert_eq!(stale["response"]["request"]["channel"], "INTERNAL");
    look(&world);
    let pending = status(&world, number);
    assert_eq!(pending["state"], "PENDING");
    assert_eq!(pending["response"]["responseCode"], -3);
    *told.lock().unwrap() = ("CANCELLED", None);
    world.clock.advance_ms(31 * 60 * 1_000);
    look(&world);
    let over = status(&world, number);
    assert_eq!(
        (&over["state"], &over["response"]["responseCode"]),
        (&json!("TIMEDOUT"), &json!(-1))
    );
    let transitions = over["response"]["request"]["transaction"]["transitions"].clone();
    let steps: Vec<(&Value, &Value, &Value)> = transitions
        .as_array()
        .unwrap()
        .iter()
        .map(|step| (&step["from"], &step["event"], &step["to"]))
        .collect();
    assert_eq!(
        steps,
        [
            (&Value::Null, &json!("CREATE"), &json!("INITIALIZED")),
            (&json!("INITIALIZED"), &json!("AGE"), &json!("STALE")),
            (&json!("STALE"), &json!("RESEND"), &json!("PENDING")),
            (&json!("PENDING"), &json!("TIMEOUT"), &json!("TIMEDOUT")),
        ]
    );
}
