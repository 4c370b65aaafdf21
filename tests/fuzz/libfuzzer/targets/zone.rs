#![no_main]

kalends_libfuzzer::target!(zone);
