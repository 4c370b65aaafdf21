#![no_main]

kalends_libfuzzer::target!(text);
