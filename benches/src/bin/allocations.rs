//! How often each case allocates, how many bytes, and the sizes of records and users:
//! `cargo run --release --bin allocations`.

use oob_mfa::Account;
use oob_mfa_benches::counting::Counting;
use oob_mfa_benches::scale::{Accounts, Records, Service, filled};
use oob_mfa_benches::{Effort, World, cases};

#[global_allocator]
static MEMORY: Counting = Counting::new();

fn main() {
    for mut case in cases() {
        case.prepare(3);
        case.run(3);
        case.prepare(1);
        let before = MEMORY.asked();
        case.run(1);
        let asked = MEMORY.asked() - before;
        println!("allocations\t{}\t{}", case.label, asked.times);
        println!("allocated\t{}\t{}", case.label, asked.bytes);
    }

    let world = World::new(1);
    for (name, record) in world.records() {
        println!("bytes\trecord_{name}\t{}", record.len());
    }
    let record = world.idle();
    let held = MEMORY.held();
    let account: Account = postcard::from_bytes(record).expect("a record");
    let behind = MEMORY.held() - held;
    println!("bytes\taccount\t{}", size_of_val(&account) as u64 + behind);

    for users in Effort::of_environment().users() {
        print::<Accounts>("accounts", *users);
        print::<Records>("records", *users);
    }
}

/// For one user, with a login under way.
fn print<S: Service>(name: &str, users: u64) {
    let held = MEMORY.held();
    let service = filled::<S>(users);
    println!("bytes\t{name}/{users}\t{}", (MEMORY.held() - held) / users);
    drop(service);
}
