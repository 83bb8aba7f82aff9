//! How often each case asks for memory, and for how many bytes: `cargo run --release --bin allocations`.

use oob_mfa_benches::cases;
use oob_mfa_benches::counting::Counting;

#[global_allocator]
static MEMORY: Counting = Counting::new();

fn main() {
    for mut case in cases() {
        case.run(3);
        let before = MEMORY.asked();
        case.run(1);
        let asked = MEMORY.asked() - before;
        println!("{}\t{}\t{}", case.label, asked.times, asked.bytes);
    }
}
