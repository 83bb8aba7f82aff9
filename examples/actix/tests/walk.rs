use oob_mfa_walk::{Server, walk};

#[test]
fn the_server_passes_the_walk_of_all_examples() {
    walk(|| Server::of(env!("CARGO_BIN_EXE_oob-mfa-actix")));
}
