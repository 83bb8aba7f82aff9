#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| oob_mfa_fuzz::exchange(data));
