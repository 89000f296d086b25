//! Rollouts, as a whole estate lives through them.
//!
//! Goal: a package that harms is stopped before it has harmed many, one that does not gets to
//! everybody, and a rollout that is taken back leaves nobody behind; maintenance windows are kept
//! all the while. Method: virtual terminals in several time zones, each with its own opinion of a
//! package, call the real engine on a virtual clock. What they were told is held against what they
//! remember and against the figures of the rollout.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use engine::{Runner, Verb as _, Work};
use estate::call_home::CallHome;
use estate::change_customer::{AddCustomer, ChangeCustomer};
use estate::command::Outcome;
use estate::package::AddPackage;
use estate::report_update::ReportUpdate;
use estate::rollout::{RolloutState, Tally};
use estate::steer_rollout::{ExpireUpdates, RolloutStep, StartRollout, SteerRollout};
use estate::terminal::{Activation, TERMINALS, TerminalStatus};
use estate::update::{AWAITED, UpdateStatus};
use estate::{Answer, Command, Customer, Draw, Layer, Rollout, Terminal, Update};
use ledger::{ReadSet, Timestamp};
use store::{MemoryStore, Part, Reader as _, Store as _};

use crate::journal_check::check_journal;
use crate::options::{Announce, seeds};
use crate::prng::Prng;

/// 2026-11-20T09:00:00Z.
const START: i64 = 1_795_165_200_000;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Calls that come within this time are one batch, decided at its end.
const BATCH_MS: i64 = 10_000;

/// Where merchants are: the zone, its distance from UTC in November, when the window opens and
/// how many hours it lasts. The last ones have no window.
const PLACES: [(&str, i64, i64, i64); 5] = [
    ("Europe/Stockholm", 60, 10, 3),
    ("America/New_York", -300, 3, 4),
    ("Asia/Kolkata", 330, 14, 2),
    ("Asia/Tokyo", 540, 23, 3),
    ("Pacific/Auckland", 780, 0, 0),
];

/// What runs before any rollout, where anything does.
const FACTORY: i64 = 1;

/// How a package fares.
#[derive(Clone, Copy)]
struct Quality {
    /// On so many of ten thousand terminals it cannot be installed.
    faulty: u64,
    /// Of these, so many of a hundred are never heard of again.
    silent: u64,
}

/// A device.
struct Device {
    place: usize,
    runs: Option<i64>,
    is_silent: bool,
}

/// What happens at a time to a device. The order is that of time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Call,
    /// It has tried to install the package of an update.
    Tried {
        update: i64,
        rollout: Option<i64>,
        package: i64,
        is_good: bool,
    },
}

struct World {
    runner: Runner,
    store: MemoryStore,
    now: i64,
    prng: Prng,
    devices: BTreeMap<i64, Device>,
    events: BinaryHeap<Reverse<(i64, i64, Event)>>,
    quality: BTreeMap<i64, Quality>,
    /// How many were told of a package, and sent back.
    told: (i64, i64),
}

#[test]
fn a_faulty_package_is_stopped_early() {
    let (seeds, mut most) = (seeds(20), 0);
    let is_whole = seeds.len() > 1;
    for seed in seeds {
        let mut world = World::new(seed, 10_000);
        let _announce = Announce { seed, step: 0 };
        let package = world.package(Quality { faulty: 500, silent: 20 });
        let rollout = world.start(package, &[1, 10, 100]);
        world.run_until(48, |world| world.rollout(rollout).state != RolloutState::Running);
        let (halted, tally) = (world.rollout(rollout), world.tally(rollout));
        assert_eq!(halted.state, RolloutState::Halted, "seed {seed}: {tally:?}");
        assert!(tally.reached <= 100 + 200, "seed {seed}: {tally:?}");
        assert_eq!(tally.reached, world.told.0, "seed {seed}");
        world.run_for(5 * MINUTE_MS);
        assert_eq!(world.told.0, tally.reached, "seed {seed}: told after the halt");
        most = most.max(tally.reached);
    }
    assert!(most > 100 || !is_whole, "no seed got past the first stage");
}

#[test]
fn a_good_package_gets_to_everybody_and_back() {
    for seed in seeds(3) {
        let _announce = Announce { seed, step: 0 };
        let mut world = World::new(seed, 200);
        let package = world.package(Quality { faulty: 100, silent: 50 });
        let rollout = world.start(package, &[10, 50, 100]);
        world.run_for(2 * HOUR_MS);
        world.resume_if_halted(rollout);
        let paused = world.steer(rollout, RolloutStep::Pause);
        assert_eq!(paused.state, RolloutState::Paused);
        let told = world.told.0;
        assert!(told > 0 && told < 200, "seed {seed}: {told}");
        world.run_for(2 * HOUR_MS);
        assert_eq!(world.told.0, told, "seed {seed}: told while paused");
        // What was under way may have halted it meanwhile. Either way it goes on.
        world.steer(rollout, RolloutStep::Resume);
        world.run_until(96, |world| {
            world.resume_if_halted(rollout);
            world.rollout(rollout).is_over
        });
        let tally = world.tally(rollout);
        assert_eq!(world.rollout(rollout).state, RolloutState::Completed, "seed {seed}");
        assert_eq!((tally.reached, tally.under_way()), (200, 0), "seed {seed}: {tally:?}");
        assert_eq!(world.running(package), tally.installed, "seed {seed}");

        let had_one = world.devices.len() / 2;
        world.steer(rollout, RolloutStep::RollBack);
        world.run_until(96, |world| {
            let tally = world.tally(rollout);
            let silent = world.devices.values().filter(|device| device.is_silent).count();
            tally.to_settle() == i64::try_from(silent).unwrap() && tally.going_back() == 0
        });
        let tally = world.tally(rollout);
        assert_eq!(tally.sent_back, world.told.1, "seed {seed}");
        assert_eq!((tally.restored, tally.not_restored), (tally.sent_back, 0), "seed {seed}");
        assert!(tally.restored > i64::try_from(had_one).unwrap() - 20, "seed {seed}: {tally:?}");
        let left = |(number, device): (&i64, &Device)| {
            assert_eq!(device.runs == Some(package), number % 2 == 1 && device.runs.is_some());
            device.runs == Some(package)
        };
        let left = world.devices.iter().filter(|device| left(*device)).count();
        assert_eq!(i64::try_from(left).unwrap(), tally.kept, "seed {seed}: {tally:?}");
        world.check_terminals();
        check_journal(&mut world.store);
    }
}

impl World {
    /// A partner with a merchant in each place, and terminals spread over them. Every second one
    /// runs the factory's package.
    fn new(seed: u64, terminals: i64) -> World {
        let store = MemoryStore::default();
        let mut world = World {
            runner: Runner::new(Box::new(store.clone())),
            store,
            now: START,
            prng: Prng::new(seed),
            devices: BTreeMap::new(),
            events: BinaryHeap::new(),
            quality: BTreeMap::new(),
            told: (0, 0),
        };
        world.customers();
        let factory = world.package(Quality { faulty: 0, silent: 0 });
        assert_eq!(factory, FACTORY);
        let mut write = |mut books: ledger::Books| {
            for number in 1..=terminals {
                let terminal = terminal(number);
                let line = Customer::line(&books.directory, terminal.customer);
                books.put_document(terminal.document(&line));
            }
            books.close(Timestamp(START))
        };
        world.store.transact(&ReadSet::default(), &mut write).unwrap();
        for number in 1..=terminals {
            let terminal = terminal(number);
            let place = place_of(number);
            let device = Device { place, runs: terminal.installed, is_silent: false };
            world.devices.insert(number, device);
            // Spread over the hour by a step that is prime to it.
            let at = START + number * 7_919 * 1_000 % HOUR_MS;
            world.events.push(Reverse((at, number, Event::Call)));
        }
        world
    }

    fn customers(&mut self) {
        for parent in [0, 1, 1, 1, 1, 1] {
            self.run(Command::AddCustomer(AddCustomer {
                parent,
                name: "Kiosken på hörnet".to_owned(),
                organisation_number: "556000-0000".to_owned(),
                draw: Draw([u8::try_from(self.store.directory().version()).unwrap(); 32]),
                actor: "test".to_owned(),
                idempotency: None,
            }));
        }
        for (customer, (zone, _, start, duration)) in (2..).zip(PLACES) {
            let mut settings = Layer::default();
            settings.choose("timezone", zone);
            if duration > 0 {
                settings.choose("maintenance_window.start", start.to_string());
                settings.choose("maintenance_window.duration", duration.to_string());
            }
            self.run(Command::ChangeCustomer(ChangeCustomer {
                customer,
                name: None,
                settings,
                actor: "test".to_owned(),
            }));
        }
    }

    fn package(&mut self, quality: Quality) -> i64 {
        let done = self.run(Command::AddPackage(AddPackage {
            customer: 1,
            name: "Kassa".to_owned(),
            model_name: "ALL Carbon".to_owned(),
            notes: None,
            size: 1,
            sha256: "0".repeat(64),
            actor: "test".to_owned(),
            idempotency: None,
        }));
        let Outcome::Package(package) = done else { panic!("{done:?}") };
        self.quality.insert(package.number, quality);
        package.number
    }

    fn start(&mut self, package: i64, stages: &[i64]) -> i64 {
        let done = self.run(Command::StartRollout(StartRollout {
            customer: 1,
            package,
            stages: stages.to_vec(),
            failures_percent_max: 2,
            answer_ms: 2 * HOUR_MS,
            population: i64::try_from(self.devices.len()).unwrap(),
            actor: "test".to_owned(),
            idempotency: None,
        }));
        let Outcome::Rollout(rollout, _) = done else { panic!("{done:?}") };
        rollout.number
    }

    fn steer(&mut self, rollout: i64, step: RolloutStep) -> Rollout {
        let actor = "test".to_owned();
        let command = SteerRollout { rollout, step, actor, idempotency: None };
        let done = self.run(Command::SteerRollout(command));
        let Outcome::Rollout(rollout, _) = done else { panic!("{done:?}") };
        rollout
    }

    /// Now and then chance has it that too many fail, and the operator knows better.
    fn resume_if_halted(&mut self, rollout: i64) {
        if self.rollout(rollout).state == RolloutState::Halted {
            self.steer(rollout, RolloutStep::Resume);
        }
    }

    /// Lets time pass until something has happened, for so many hours at most.
    #[track_caller]
    fn run_until(&mut self, hours: i64, is_so: impl Fn(&mut World) -> bool) {
        let end = self.now + hours * HOUR_MS;
        while !is_so(self) {
            assert!(self.now < end, "it has not happened in {hours} hours");
            self.step();
        }
    }

    fn run_for(&mut self, milliseconds: i64) {
        let end = self.now + milliseconds;
        while self.now < end {
            self.step();
        }
    }

    /// One batch of what devices do, and every now and then the timer.
    fn step(&mut self) {
        self.now += BATCH_MS;
        let mut batch = Vec::new();
        while let Some(Reverse((at, _, _))) = self.events.peek()
            && *at <= self.now
        {
            let Some(Reverse((_, number, event))) = self.events.pop() else { break };
            batch.push((number, event));
        }
        let directory = self.store.directory();
        let live: Vec<i64> = Rollout::live(&directory).map(|rollout| rollout.number).collect();
        let mut commands = Vec::new();
        for (number, event) in &batch {
            commands.extend(self.command(*number, event, &live));
        }
        commands.extend(self.timer());
        let work: Vec<Work> = commands.into_iter().map(Command::work).collect();
        for reply in self.runner.run_work(&work, Timestamp(self.now)) {
            let answer = Command::reply(reply.unwrap()).unwrap();
            self.learn(answer);
        }
    }

    /// What a device sends. A silent one sends nothing, ever.
    fn command(&mut self, number: i64, event: &Event, live: &[i64]) -> Option<Command> {
        let device = self.devices.get_mut(&number).unwrap();
        match event {
            Event::Call if device.is_silent => None,
            Event::Call => {
                let next = self.now + HOUR_MS + self.prng.between(-30_000, 30_000);
                self.events.push(Reverse((next, number, Event::Call)));
                Some(Command::CallHome(CallHome {
                    terminal: number,
                    token_hash: token_hash(number),
                    application_version: "1.0".to_owned(),
                    packages: Vec::new(),
                    rollouts: live.to_vec(),
                }))
            }
            Event::Tried { update, rollout, package, is_good } => {
                if *is_good {
                    device.runs = Some(*package);
                }
                let status = if *is_good { UpdateStatus::Installed } else { UpdateStatus::Failed };
                Some(Command::ReportUpdate(ReportUpdate {
                    terminal: number,
                    token_hash: token_hash(number),
                    update: *update,
                    status,
                    message: None,
                    rollouts: rollout.iter().copied().collect(),
                }))
            }
        }
    }

    /// Once in ten minutes, what nobody has answered for.
    fn timer(&mut self) -> Option<Command> {
        if self.now % (10 * MINUTE_MS) != 0 {
            return None;
        }
        let awaited = self.store.documents(AWAITED, Part::After(0), 10_000).unwrap();
        let awaited = awaited.iter().filter_map(Update::of);
        let updates = awaited.map(|update| (update.number, update.rollout.unwrap())).collect();
        Some(Command::ExpireUpdates(ExpireUpdates { updates }))
    }

    /// What a device does with the answer to its call.
    fn learn(&mut self, answer: Answer) {
        let Outcome::CalledHome { terminal, updates, window_opens_at } = answer.done else {
            return;
        };
        let is_open = self.is_open(terminal.number, self.now);
        if let Some(opens_at) = window_opens_at {
            assert!(!is_open && self.is_open(terminal.number, opens_at.0), "{terminal:?}");
            assert!(!self.is_open(terminal.number, opens_at.0 - 1), "{terminal:?}");
        }
        for (update, _) in updates {
            // What was told before and is still under way is told again.
            if update.offered_at != Some(Timestamp(self.now)) {
                continue;
            }
            assert!(is_open, "terminal {} was told outside its window", terminal.number);
            let told = if update.is_rollback { &mut self.told.1 } else { &mut self.told.0 };
            *told += 1;
            self.try_out(&update);
        }
    }

    /// A device installs a package, or cannot, or is never heard of again.
    fn try_out(&mut self, update: &Update) {
        let quality = self.quality[&update.package];
        let is_good = self.prng.below(10_000) >= quality.faulty;
        let device = self.devices.get_mut(&update.terminal).unwrap();
        if !is_good && self.prng.below(100) < quality.silent {
            device.is_silent = true;
            return;
        }
        let at = self.now + self.prng.between(MINUTE_MS, 20 * MINUTE_MS);
        let event = Event::Tried {
            update: update.number,
            rollout: update.rollout,
            package: update.package,
            is_good,
        };
        self.events.push(Reverse((at, update.terminal, event)));
    }

    /// Whether a terminal's window is open, by the distance of its zone from UTC.
    fn is_open(&self, number: i64, at: i64) -> bool {
        let (_, offset, start, duration) = PLACES[self.devices[&number].place];
        let minute = (at.div_euclid(MINUTE_MS) + offset).rem_euclid(24 * 60);
        duration == 0 || (minute - start * 60).rem_euclid(24 * 60) < duration * 60
    }

    #[track_caller]
    fn run(&mut self, command: Command) -> Outcome {
        let mut replies = self.runner.run_work(&[command.work()], Timestamp(self.now));
        Command::reply(replies.remove(0).unwrap()).unwrap().done
    }

    fn rollout(&self, number: i64) -> Rollout {
        Rollout::find(&self.store.directory(), number).unwrap()
    }

    fn tally(&mut self, number: i64) -> Tally {
        let id = Rollout::tally_id(number);
        let books = self.store.load(&ReadSet { documents: vec![id], ..ReadSet::default() });
        Tally::of(books.unwrap().document(id).unwrap()).unwrap()
    }

    /// How many devices run a package.
    fn running(&self, package: i64) -> i64 {
        let running = self.devices.values().filter(|device| device.runs == Some(package));
        i64::try_from(running.count()).unwrap()
    }

    /// The estate knows what every device runs.
    fn check_terminals(&mut self) {
        let all = self.store.documents(TERMINALS, Part::After(0), usize::MAX).unwrap();
        assert_eq!(all.len(), self.devices.len());
        for terminal in all.iter().map(|found| Terminal::of(found).unwrap()) {
            assert_eq!(terminal.installed, self.devices[&terminal.number].runs, "{terminal:?}");
        }
    }
}

fn place_of(number: i64) -> usize {
    usize::try_from(number).unwrap() % PLACES.len()
}

fn terminal(number: i64) -> Terminal {
    Terminal {
        number,
        terminal_id: format!("KT{number:06}"),
        uuid: format!("uuid-{number}"),
        customer: 2 + i64::try_from(place_of(number)).unwrap(),
        status: TerminalStatus::Active,
        is_onboarded: false,
        model: "C100+".to_owned(),
        serial: Some(format!("A{number:09}")),
        reference_id: None,
        operating_mode: None,
        created_at: Timestamp(START),
        last_call_home: None,
        application_version: None,
        installed: (number % 2 == 0).then_some(FACTORY),
        rollouts: Vec::new(),
        activation: Activation::Done {
            at: Timestamp(START),
            token_salt: "0".repeat(32),
            token_hash: token_hash(number),
            wrong_codes: 0,
        },
        settings: Layer::default(),
    }
}

fn token_hash(terminal: i64) -> String {
    format!("{terminal:064x}")
}
